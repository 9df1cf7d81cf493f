//! Machines for GNU parallel: two that are reached through `ssh`.
//!
//! Both are this one: a server that listens on the loopback interface alone, with keys
//! that are made for the test. Nothing of the user's is read or written.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::host::Host;
use super::{git_environment, path, run, stdout};
use crate::common::tool;

pub(crate) struct Machines {
    folder: PathBuf,
    server: Child,
}

impl Machines {
    /// Starts the server, and waits until it answers.
    pub(crate) fn start(host: &Host) -> Self {
        let folder = host.folder("machines");
        for key in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f"]);
            stdout(command.arg(folder.join(key)));
        }
        let shown = |path: PathBuf| path.display().to_string();
        let at = |name: &str| shown(folder.join(name));
        // A port that is free now; whoever takes it meanwhile makes the test fail.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let quoted = |(name, value): (String, String)| format!(" \"{name}={value}\"");
        let environment: String = git_environment()
            .into_iter()
            .chain([
                ("PATH".to_owned(), path()),
                ("HOST".to_owned(), shown(host.path())),
                ("TMPDIR".to_owned(), shown(host.folder("temporary files"))),
            ])
            .map(quoted)
            .collect();
        let settings = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey \"{}\"\nAuthorizedKeysFile \"{}\"\n\
             PasswordAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\n\
             PermitRootLogin prohibit-password\nMaxStartups 100\nMaxSessions 100\n\
             SetEnv{environment}\n",
            at("host"),
            at("user.pub"),
        );
        fs::write(folder.join("sshd_config"), settings).unwrap();
        let host_key = fs::read_to_string(folder.join("host.pub")).unwrap();
        fs::write(folder.join("known_hosts"), format!("machines {host_key}")).unwrap();
        let client = format!(
            "Host one two\n  HostName 127.0.0.1\n  Port {port}\n  HostKeyAlias machines\n  \
             IdentityFile \"{}\"\n  IdentitiesOnly yes\n  UserKnownHostsFile \"{}\"\n  \
             BatchMode yes\n  ControlMaster auto\n  ControlPath \"{}\"\n  ControlPersist 60\n",
            at("user"),
            at("known_hosts"),
            // What stands for the machine keeps the two apart.
            at("%n"),
        );
        fs::write(folder.join("ssh_config"), client).unwrap();
        let log = fs::File::create(folder.join("sshd.log")).unwrap();
        let server = Command::new(tool("IMMUTAG_SSHD"))
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let machines = Self { folder, server };
        machines.wait();
        machines
    }

    fn ssh(&self) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(self.folder.join("ssh_config"));
        command
    }

    fn wait(&self) {
        for _ in 0..100 {
            let answers = |name| run(self.ssh().args([name, "true"])).status == 0;
            if answers("one") && answers("two") {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.join("sshd.log")).unwrap();
        panic!("the server does not answer: {log}");
    }

    /// The lines for `--sshloginfile`.
    pub(crate) fn list() -> &'static str {
        "2/one\n2/two\n"
    }

    /// The command for `PARALLEL_SSH`. It is not part of the lines, since parallel cannot read
    /// a log again in which the name of a machine has a space.
    pub(crate) fn ssh_command(&self) -> String {
        format!("ssh -F '{}'", self.folder.join("ssh_config").display())
    }

    /// How many there are.
    pub(crate) fn count() -> usize {
        Self::list().lines().count()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in ["one", "two"] {
            // A connection that is gone already is none to end.
            let _ = self.ssh().args(["-O", "exit", name]).output();
        }
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
