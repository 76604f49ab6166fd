//! The token that a client must send where the server asks for one.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// Lets requests pass that carry the token, or all of them where there is none.
#[derive(Clone)]
pub(crate) struct TokenCheck(Option<Arc<[u8; 32]>>);

impl fmt::Debug for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenCheck").field(&self.0.as_ref().map(|_| "…")).finish()
    }
}

impl TokenCheck {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self(token.map(|token| Arc::new(digest(token.as_bytes()))))
    }

    fn accepts(&self, header: Option<&[u8]>) -> bool {
        let Some(expected) = &self.0 else { return true };
        let Some(given) = header.and_then(|header| header.strip_prefix(b"Bearer ")) else { return false };
        // Digests have one length, and every byte of them is looked at: how long this takes tells nothing of the token.
        let differences = digest(given).iter().zip(expected.iter()).fold(0, |all, (left, right)| all | (left ^ right));
        differences == 0
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl Interceptor for TokenCheck {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        if self.accepts(request.metadata().get("authorization").map(|value| value.as_bytes())) {
            return Ok(request);
        }
        Err(Status::unauthenticated("This server asks for a token: connect to sc://host:port/;token=…"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_passes() {
        let check = TokenCheck::new(Some("secret"));
        assert!(check.accepts(Some(b"Bearer secret")));
        for header in [&b"Bearer secre"[..], b"Bearer secrets", b"secret", b"Bearer ", b"bearer secret", b""] {
            assert!(!check.accepts(Some(header)), "{header:?}");
        }
        assert!(!check.accepts(None));
        assert!(TokenCheck::new(None).accepts(None));
    }
}
