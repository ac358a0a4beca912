//! The process that trains a run, to be sent a signal, and no stranger that has its number by now. Says nothing to it
//! through the run's socket.

use color_eyre::eyre::{Result, WrapErr, bail};
use rustix::process::Pid;

use crate::run::{Holder, Lock, Run};

/// The process that trains a run.
pub(super) struct Trainer {
    run: String,
    holder: Holder,
    #[cfg(target_os = "linux")]
    process: linux::Held,
    #[cfg(not(target_os = "linux"))]
    process: Pid,
}

impl Trainer {
    /// The process that trains this run; `None` where it has ended.
    ///
    /// # Errors
    /// When it is not known, cannot be reached from here, or takes no signal now.
    pub fn of(run: &Run) -> Result<Option<Self>> {
        let name = run.shown_name();
        let holder = run.facts()?.held_by;
        match Lock::is_held(run.directory()) {
            Some(true) => {}
            Some(false) => return Ok(None),
            None => {
                let who = holder.map_or_else(|| "some program".to_owned(), |holder| holder.to_string());
                bail!("it cannot be known whether {who} still trains the run {name}: stop it there")
            }
        }
        let Some(holder) = holder else { bail!("the run {name} does not say which process trains it") };
        if holder.host != Holder::this().host {
            bail!("the run {name} is trained by {holder}: stop it there");
        }
        let process = i32::try_from(holder.process).ok().and_then(Pid::from_raw);
        let Some(process) = process else { bail!("{holder}, which is to train the run {name}, cannot be") };
        #[cfg(target_os = "linux")]
        let Some(process) = linux::Held::of(process, run, &holder)? else { return Ok(None) };
        Ok(Some(Self { run: name, holder, process }))
    }

    /// Sends it the signal to end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn ask_to_end(self) -> Result<()> {
        #[cfg(target_os = "linux")]
        let sent = self.process.ask_to_end();
        #[cfg(not(target_os = "linux"))]
        let sent = rustix::process::kill_process(self.process, rustix::process::Signal::TERM);
        match sent {
            // It has ended meanwhile.
            Err(rustix::io::Errno::SRCH) => Ok(()),
            sent => sent.wrap_err_with(|| format!("cannot stop {}, which trains the run {}", self.holder, self.run)),
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs, io,
        os::{fd::OwnedFd, unix::fs::MetadataExt},
        path::Path,
    };

    use color_eyre::eyre::{Result, WrapErr, bail};
    use rustix::{
        io::Errno,
        process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
    };

    use crate::run::{Holder, Run};

    /// A process that holds a run's directory, however many others get its number after it.
    pub(super) struct Held(OwnedFd);

    impl Held {
        /// This process; `None` where it has ended.
        pub fn of(process: Pid, run: &Run, holder: &Holder) -> Result<Option<Self>> {
            let name = run.shown_name();
            let handle = match pidfd_open(process, PidfdFlags::empty()) {
                Ok(handle) => handle,
                Err(Errno::SRCH) => bail!("the run {name} is trained by another program than {holder}: stop it there"),
                Err(error) => return Err(error).wrap_err_with(|| format!("cannot reach {holder}")),
            };
            // What is looked at now is the process of the handle, or the signal will find none.
            let place = Path::new("/proc").join(process.as_raw_nonzero().to_string());
            match has_open(&place.join("fd"), run.directory()) {
                Ok(true) => {}
                Ok(false) => bail!("the run {name} is trained by another program than {holder}: stop it there"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error).wrap_err_with(|| format!("cannot look at {holder}")),
            }
            if is_suspended(&place) {
                bail!(
                    "{holder}, which trains the run {name}, is suspended: let it go on first, with `fg` or kill -CONT"
                );
            }
            Ok(Some(Self(handle)))
        }

        pub fn ask_to_end(&self) -> Result<(), Errno> {
            pidfd_send_signal(&self.0, Signal::TERM)
        }
    }

    /// Whether one of these descriptors is of this directory.
    fn has_open(descriptors: &Path, directory: &Path) -> io::Result<bool> {
        let wanted = fs::metadata(directory)?;
        let identity = |data: &fs::Metadata| (data.dev(), data.ino());
        for descriptor in fs::read_dir(descriptors)? {
            // An error means that it is closed by now.
            if fs::metadata(descriptor?.path()).is_ok_and(|data| identity(&data) == identity(&wanted)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the process has been stopped, as by Ctrl-Z.
    fn is_suspended(place: &Path) -> bool {
        let stat = fs::read_to_string(place.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, after)| after.starts_with('T'))
    }
}
