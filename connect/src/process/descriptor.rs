//! What the serving process inherits: the listening socket as a descriptor of its own, and the supervisor's end of the line as
//! stdin. Thin calls into libc that the standard library lacks.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// Lets the processes that this one starts have a descriptor under its number; the number.
pub(super) fn bequeath(descriptor: BorrowedFd<'_>) -> io::Result<RawFd> {
    set_flags(descriptor.as_raw_fd(), 0)?;
    Ok(descriptor.as_raw_fd())
}

/// The listening socket of that number, which the processes that this one starts do not have.
pub(super) fn inherited_listener(descriptor: RawFd) -> io::Result<TcpListener> {
    if descriptor <= libc::STDERR_FILENO {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    set_flags(descriptor, libc::FD_CLOEXEC)?;
    // SAFETY: the descriptor is open, since its flags could be set, and was handed over to this process for this use alone.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }.into())
}

/// The socket that is stdin; in its place nothing is to be read.
pub(super) fn take_stdin() -> io::Result<UnixStream> {
    let line = io::stdin().as_fd().try_clone_to_owned()?;
    let nothing = File::open("/dev/null")?;
    // SAFETY: plain integers of open descriptors; nobody owns the old stdin, which is closed by this.
    if unsafe { libc::dup2(nothing.as_raw_fd(), libc::STDIN_FILENO) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(line.into())
}

fn set_flags(descriptor: RawFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: plain integers; the system refuses a number that is not open.
    match unsafe { libc::fcntl(descriptor, libc::F_SETFD, flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
