//! The server: where it listens, whom it lets in, and how it ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seatrial_engine::error::SparkError;
use seatrial_engine::session::Session;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Identity, ServerTlsConfig};

use crate::generated::spark_connect_service_server::SparkConnectServiceServer;
use crate::operation::StreamLimits;
use crate::service::Service;
use crate::session::{Sessions, SessionsLimits};
use crate::token::TokenCheck;
use crate::work::Workers;

/// How long running queries may go on after [`Server::stop`].
const GRACE: Duration = Duration::from_secs(2);
/// How long clients may take to release queries that were ended.
const RELEASES_ARRIVE: Duration = Duration::from_millis(200);
/// How long their threads may take to end then.
const THREADS_END: Duration = Duration::from_secs(5);
/// The stacks of the threads that read requests: plans are trees, and may be deep.
const READING_STACK: usize = 64 << 20;
/// The stacks of the threads that plan and run queries. Only what is used of them takes memory.
const PLANNING_STACK: usize = 512 << 20;

/// How a server is set up.
#[derive(Clone)]
pub struct ServerOptions {
    /// Where to listen; loopback by default.
    pub host: IpAddr,
    /// The port; 0 takes one that is free.
    pub port: u16,
    /// What clients must send as their `token=`; needed on every address but loopback.
    pub token: Option<String>,
    /// The files of the TLS certificate and of its key, in PEM form.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The largest message that a client may send; 128 MiB, as Spark's. A compressed plan may have twice as much.
    pub max_message_bytes: usize,
    /// How many sessions there may be at once; 1,000.
    pub max_sessions: usize,
    /// How long a session stays that nobody uses; an hour, as in Spark.
    pub session_idle: Duration,
    /// How long a query goes on without its client; a minute. A client whose connection broke comes back before.
    pub detached: Duration,
    /// How old a stream of results becomes before the client must attach again; two minutes, as in Spark.
    pub max_stream_age: Duration,
    /// How many bytes a stream of results gives before the client must attach again; 1 GiB, as in Spark.
    pub max_stream_bytes: usize,
    /// Whether this server takes the place of one that crashed: who asks for what that one had is told so, and gives up.
    pub replaces_crashed: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 15002,
            token: None,
            tls: None,
            max_message_bytes: 128 << 20,
            max_sessions: 1000,
            session_idle: Duration::from_secs(3600),
            detached: Duration::from_secs(60),
            max_stream_age: Duration::from_secs(120),
            max_stream_bytes: 1 << 30,
            replaces_crashed: false,
        }
    }
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerOptions").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Anybody in the network could run code.
    #[error(
        "{0} is not a loopback address: everyone who reaches it could run Python code here. Demand a token (--token, or \
         SEATRIAL_TOKEN in the environment), or listen on 127.0.0.1"
    )]
    TokenMissing(IpAddr),
    /// An empty token is none.
    #[error("the token is empty")]
    TokenEmpty,
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate or its key is wrong.
    #[error("the TLS certificate or its key is not usable: {0}")]
    Tls(String),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// No threads.
    #[error("the server's threads do not start: {0}")]
    Threads(std::io::Error),
    /// The engine, such as Python, does not start.
    #[error("the engine does not start: {0}")]
    Engine(#[from] SparkError),
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    sessions: Arc<Sessions>,
    stop: Option<oneshot::Sender<()>>,
    ended: watch::Receiver<bool>,
    /// Answers requests.
    service: Option<Runtime>,
    /// Runs queries.
    workers: Option<Runtime>,
}

impl Server {
    /// Starts a server, which accepts connections when this returns.
    ///
    /// # Errors
    /// When it may not or cannot listen there, the certificate is wrong, or the engine does not start.
    pub fn start(options: &ServerOptions) -> Result<Self, ServerError> {
        Self::start_on(Self::bind(options)?, options)
    }

    /// Takes the address of a server that is yet to start; connections wait until it does.
    ///
    /// # Errors
    /// When it may not or cannot listen there.
    pub fn bind(options: &ServerOptions) -> Result<TcpListener, ServerError> {
        check_token(options)?;
        let address = SocketAddr::new(options.host, options.port);
        TcpListener::bind(address).map_err(|source| ServerError::Bind { address, source })
    }

    /// Starts a server on the address that [`bind`](Self::bind) took.
    ///
    /// # Errors
    /// When the listener is not usable, the certificate is wrong, or the engine does not start.
    pub fn start_on(listener: TcpListener, options: &ServerOptions) -> Result<Self, ServerError> {
        let address = SocketAddr::new(options.host, options.port);
        let bind = |source| ServerError::Bind { address, source };
        let address = listener.local_addr().map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let tls = options.tls.as_ref().map(|(certificate, key)| identity(certificate, key)).transpose()?;
        let engine = Session::try_new()?;
        let service = threads("seatrial-connect", 2, READING_STACK)?;
        let workers = threads(
            "seatrial-query",
            std::thread::available_parallelism().map_or(4, usize::from).max(4),
            PLANNING_STACK,
        )?;
        let limits =
            SessionsLimits { count: options.max_sessions, idle: options.session_idle, detached: options.detached };
        let sessions = Arc::new(Sessions::new(engine, limits, options.replaces_crashed));
        let methods = Service {
            sessions: Arc::clone(&sessions),
            workers: Workers::new(workers.handle().clone()),
            stream_limits: StreamLimits { age: options.max_stream_age, bytes: options.max_stream_bytes },
            plan_limit: options.max_message_bytes.saturating_mul(2),
        };
        let methods = SparkConnectServiceServer::new(methods).max_decoding_message_size(options.max_message_bytes);
        let checked = InterceptedService::new(methods, TokenCheck::new(options.token.as_deref()));

        let entered = service.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(bind)?;
        drop(entered);

        let mut server = tonic::transport::Server::builder().tcp_nodelay(true);
        if let Some(tls) = tls {
            server = server.tls_config(tls).map_err(|error| ServerError::Tls(error_chain(&error)))?;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = watch::channel(false);
        let connections = connections(listener);
        service.spawn(async move {
            let until = async {
                // A sender that is gone stops the server too.
                let _ = stopped.await;
            };
            let served = server.add_service(checked).serve_with_incoming_shutdown(connections, until).await;
            if let Err(error) = served {
                tracing::error!("the server ended: {}", error_chain(&error));
            }
            end.send_replace(true);
        });
        service.spawn(expire(Arc::clone(&sessions), options.clone()));
        Ok(Self { address, sessions, stop: Some(stop), ended, service: Some(service), workers: Some(workers) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client on this machine connects to, without the token.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Stops accepting requests, lets running queries go on for a moment, and ends all sessions.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let Some(service) = self.service.take() else { return };
        self.sessions.begin_to_stop();
        let begun = Instant::now();
        while self.sessions.is_busy() && begun.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(10));
        }
        if self.sessions.close() {
            // A client that hears of an end releases its query, and would try that for minutes.
            std::thread::sleep(RELEASES_ARRIVE);
        }
        drop(self.stop.take());
        // What waits for an answer gets it before its connection ends.
        let mut ended = self.ended.clone();
        service.block_on(async {
            let _ = tokio::time::timeout(GRACE, ended.wait_for(|ended| *ended)).await;
        });
        if let Some(workers) = self.workers.take() {
            workers.shutdown_timeout(THREADS_END);
        }
        service.shutdown_timeout(THREADS_END);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// What a client on this machine connects to, for a server that listens there; without the token.
fn url(address: SocketAddr) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => "127.0.0.1".to_owned(),
        ip if ip.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    format!("sc://{host}:{}", address.port())
}

/// The clients as they connect; small messages are sent at once.
fn connections(
    listener: tokio::net::TcpListener,
) -> impl futures::Stream<Item = std::io::Result<tokio::net::TcpStream>> {
    use futures::StreamExt;
    TcpListenerStream::new(listener).inspect(|connection| {
        if let Ok(connection) = connection
            && let Err(error) = connection.set_nodelay(true)
        {
            tracing::debug!("a connection stays slow: {error}");
        }
    })
}

/// Ends what nobody uses, again and again.
async fn expire(sessions: Arc<Sessions>, options: ServerOptions) {
    let shortest = options.session_idle.min(options.detached);
    let mut interval = tokio::time::interval((shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(10)));
    loop {
        interval.tick().await;
        let sessions = Arc::clone(&sessions);
        // What ends may hold Python objects.
        let _ = tokio::task::spawn_blocking(move || sessions.expire()).await;
    }
}

fn check_token(options: &ServerOptions) -> Result<(), ServerError> {
    match &options.token {
        None if !options.host.is_loopback() => Err(ServerError::TokenMissing(options.host)),
        Some(token) if token.is_empty() => Err(ServerError::TokenEmpty),
        _ => Ok(()),
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<ServerTlsConfig, ServerError> {
    let read = |path: &Path| std::fs::read(path).map_err(|source| ServerError::File { path: path.to_owned(), source });
    Ok(ServerTlsConfig::new().identity(Identity::from_pem(read(certificate)?, read(key)?)))
}

fn threads(name: &str, count: usize, stack: usize) -> Result<Runtime, ServerError> {
    Builder::new_multi_thread()
        .worker_threads(count)
        .thread_name(name)
        .thread_stack_size(stack)
        .enable_all()
        .build()
        .map_err(ServerError::Threads)
}

/// An error with its causes: tonic's own text says only "transport error".
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
