//! Makes the settings of a receiver of a checked configuration: host names are resolved and files read here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use super::keys::{Effect, names};
use super::options::MonitorOptions;
use super::value::Value;
use super::{Configuration, auth_db, sources};
use crate::error::{Result, err};
use crate::{Receiver, ReceiverBuilder};

impl Configuration {
    /// Returns the settings for a receiver. Reads the files that the configuration names, and resolves host names.
    ///
    /// # Errors
    /// `Config` with the first problem, also one of a file.
    pub fn receiver(&self) -> Result<ReceiverBuilder> {
        if let Some(problem) = self.problems.first() {
            return Err(err!(Config, "{problem}"));
        }
        let mut builder = Receiver::builder();
        for resolved in &self.values {
            if let Effect::Sets(set) = resolved.row.effect {
                set(&mut builder, &resolved.value);
            }
        }
        builder.tcp_addr = self.address(names::TCP_BIND)?;
        builder.http_addr = self.address(names::HTTP_BIND)?;
        builder.monitor = self.monitor()?;
        let interval = self.get(names::COMMIT_INTERVAL).time();
        builder.tcp.commit_interval = interval.mul_f64(self.get(names::COMMIT_FRACTION).fraction());
        self.credentials(&mut builder)?;
        self.encryption(&mut builder)?;
        self.storage(&mut builder)?;
        Ok(builder)
    }

    fn storage(&self, builder: &mut ReceiverBuilder) -> Result<()> {
        if *self.get(names::STORAGE) != Value::Choice("files") {
            return Ok(());
        }
        if self.folder.as_os_str().is_empty() {
            return Err(err!(Config, "{}", self.about(names::STORAGE, "the server has no folder")));
        }
        #[cfg(not(feature = "files"))]
        {
            let _ = builder;
            let what = "this build has no files";
            Err(err!(Config, "{}", self.about(names::STORAGE, what)))
        }
        #[cfg(feature = "files")]
        {
            use crate::store::files::Durability;
            let options = &mut builder.files.options;
            options.durability = match self.get(names::STORAGE_SYNC) {
                Value::Choice("interval") => {
                    Durability::Interval(std::time::Duration::from_secs(1))
                }
                Value::Choice("never") => Durability::Never,
                _ => Durability::Commit,
            };
            options.flush_rows = self.get(names::STORAGE_ROWS).size() as u64;
            options.flush_age = self.get(names::STORAGE_AGE).time();
            builder.files.folder = Some(self.folder.clone());
            Ok(())
        }
    }

    fn monitor(&self) -> Result<Option<MonitorOptions>> {
        if !self.get(names::MONITOR_ENABLED).is_true() {
            return Ok(None);
        }
        Ok(Some(MonitorOptions {
            addr: self.address(names::MONITOR_BIND)?,
            connections: self.get(names::MONITOR_CONNECTIONS).size(),
            metrics: self.get(names::METRICS_ENABLED).is_true(),
        }))
    }

    fn address(&self, key: &str) -> Result<SocketAddr> {
        let wrong = |what: String| err!(Config, "{}", self.about(key, &what));
        match self.get(key) {
            Value::Address { host: None, port } => Ok((Ipv4Addr::LOCALHOST, *port).into()),
            Value::Address { host: Some(host), port } => {
                if let Ok(ip) = host.parse::<IpAddr>() {
                    return Ok((ip, *port).into());
                }
                let mut found = (host.as_str(), *port)
                    .to_socket_addrs()
                    .map_err(|e| wrong(format!("{host} cannot be resolved: {e}")))?;
                found.next().ok_or_else(|| wrong(format!("{host} has no address")))
            }
            _ => Err(wrong("there is no address".to_owned())),
        }
    }

    fn credentials(&self, builder: &mut ReceiverBuilder) -> Result<()> {
        let text = |key| self.get(key).text();
        builder.basic = match (text(names::HTTP_USER), text(names::HTTP_PASSWORD)) {
            (Some(user), Some(password)) => Some((user.to_owned(), password.to_owned())),
            (None, None) => None,
            (Some(_), None) => {
                let what = "there is no http.password beside it";
                return Err(err!(Config, "{}", self.about(names::HTTP_USER, what)));
            }
            (None, Some(_)) => {
                let what = "there is no http.user beside it";
                return Err(err!(Config, "{}", self.about(names::HTTP_PASSWORD, what)));
            }
        };
        builder.bearer = text(names::HTTP_TOKEN).map(ToOwned::to_owned);
        if let Some(content) = self.file(names::AUTH_DB)? {
            builder.ecdsa = auth_db::parse(&content)
                .map_err(|what| err!(Config, "{}", self.about(names::AUTH_DB, &what)))?;
        }
        Ok(())
    }

    fn encryption(&self, builder: &mut ReceiverBuilder) -> Result<()> {
        if !self.get(names::TLS_ENABLED).is_true() {
            return Ok(());
        }
        let missing = |key| {
            let what = format!("there is no {key} beside it");
            err!(Config, "{}", self.about(names::TLS_ENABLED, &what))
        };
        let chain = self.file(names::TLS_CERT)?.ok_or_else(|| missing(names::TLS_CERT))?;
        let key = self.file(names::TLS_KEY)?.ok_or_else(|| missing(names::TLS_KEY))?;
        builder.tls = Some((chain, key));
        Ok(())
    }

    /// Reads the file that a key names, if it is set.
    fn file(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.get(key).text() else { return Ok(None) };
        let path = self.folder.join(path);
        match sources::read_file(&path) {
            Ok(content) => Ok(Some(content)),
            Err(e) => {
                let what = format!("cannot read {path:?}: {e}");
                Err(err!(Config, "{}", self.about(key, &what)))
            }
        }
    }
}
