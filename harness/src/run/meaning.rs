//! What each status of a case means, in plain words, and what is to be done about it.

use super::Status;

impl Status {
    /// What it means, and what to do about it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Exact => "The candidate answered as real Spark did, in everything that is compared. It conforms.",
            Self::Equivalent => {
                "Real Spark fails inside the JVM without saying what is wrong, and the candidate fails too, with a clear error. \
             It conforms."
            }
            Self::Pinned => {
                "The candidate answers otherwise than real Spark, as is known: the wrong answer is pinned in golden/divergences \
             with a reason and a day to look again. It fails as soon as the answer changes, for better or worse."
            }
            Self::Divergent => {
                "The candidate answers otherwise than real Spark, and nobody knew. Mend the candidate, or pin its answer with \
             `seatrial pin` and a reason."
            }
            Self::Unsupported => {
                "The candidate says that it cannot run the case. Build what is missing, or pin it with `seatrial pin`."
            }
            Self::Infrastructure => {
                "There is no answer: the target crashed, hung, broke the protocol, or could not be started. That says nothing about \
             conformance. Look at the target's own output, then run the case again."
            }
            Self::StalePin => {
                "A divergence is pinned, and the candidate does not answer so any more: it conforms (remove the pin with \
             `seatrial unpin`) or diverges in another way (look at it, then pin it anew)."
            }
            Self::OverduePin => {
                "The pinned divergence was to be looked at again by a day that is past. Mend it, or pin it anew."
            }
            Self::StaleGolden => {
                "The case changed since real Spark was asked, so there is nothing to compare with. Ask again with `seatrial record`."
            }
            Self::MissingGolden => {
                "Real Spark of this version was never asked about the case. Ask it with `seatrial record`."
            }
        }
    }
}
