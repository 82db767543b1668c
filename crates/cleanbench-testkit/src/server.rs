//! The running server: its thread, its socket, its connections.
//!
//! Invariant: the server listens on the loopback address only, on a thread and a runtime of its own,
//! and both are gone when [`FakeServer`] is dropped. It refuses to start with a script that cannot be
//! served.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::counts::{ReceivedRequest, ServerCounts};
use crate::key::prompt_key;
use crate::script::Script;
use crate::script_error::ScriptError;
use crate::service::Shared;

/// A load test opens its connections all at once; the usual 128 places would make some of them wait
/// a second for their second try.
const BACKLOG: u32 = 4096;

/// How a server is started, apart from its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// TCP port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Worker threads; 0 and 1 are both the one thread of the server.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            threads: 1,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The script cannot be served.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The port cannot be listened on, or there is no thread to be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

/// A fake server that runs until it is dropped.
///
/// ```
/// use cleanbench_testkit::{Answers, FakeServer, Script};
/// let server = FakeServer::start(Script::answering(Answers::Echo));
/// assert!(server.url().ends_with("/v1"));
/// assert_eq!(server.counts().requests, 0);
/// ```
#[derive(Debug)]
pub struct FakeServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Starts a server on a free port.
    ///
    /// Panics where it cannot start or the script cannot be served: in a test that is the test's
    /// own fault. Use [`Self::start_with`] to get an error instead.
    pub fn start(script: Script) -> Self {
        match Self::start_with(script, Options::default()) {
            Ok(server) => server,
            Err(error) => panic!("cannot start the fake server: {error}"),
        }
    }

    /// Starts a server as `options` say, and returns once it listens.
    ///
    /// Errors: the script cannot be served, or the port cannot be listened on.
    pub fn start_with(script: Script, options: Options) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::new(script)?);
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::sync_channel(1);
        let served = Arc::clone(&shared);
        let listen_error = |source| StartError::Listen {
            port: options.port,
            source,
        };
        let thread = std::thread::Builder::new()
            .name("fake-server".to_owned())
            .spawn(move || run(options, &served, &report, stopped))
            .map_err(listen_error)?;
        let gone = || Err(io::Error::other("the server's thread ended"));
        let address = started.recv().unwrap_or_else(|_| gone());
        Ok(Self {
            address: address.map_err(listen_error)?,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The base URL, for example `http://127.0.0.1:40123/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The address listened on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// All counts, those by prompt included; costs time in proportion to the prompts seen.
    pub fn counts(&self) -> ServerCounts {
        ServerCounts {
            by_prompt: self.shared.tally.by_prompt().into_iter().collect(),
            ..self.totals()
        }
    }

    /// The counts with `by_prompt` left empty; cheap enough to be asked in a loop.
    pub fn totals(&self) -> ServerCounts {
        self.shared.tally.totals()
    }

    /// How often the server was asked exactly this prompt (the last user message, or the prompt of a
    /// text completion).
    pub fn asked(&self, prompt: &str) -> u32 {
        self.shared.tally.asked(prompt_key(prompt))
    }

    /// The latest requests, oldest first, as many as the script's `record` says.
    pub fn seen(&self) -> Vec<ReceivedRequest> {
        self.shared.tally.seen()
    }

    /// The bodies of [`Self::seen`].
    pub fn seen_bodies(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.body).collect()
    }

    /// The headers of [`Self::seen`].
    pub fn seen_headers(&self) -> Vec<Vec<(String, String)>> {
        self.seen().into_iter().map(|seen| seen.headers).collect()
    }

    /// Replaces the script from the next request on; the counts go on.
    ///
    /// Panics where the script cannot be served, as [`Self::start`] does.
    pub fn set_script(&self, script: Script) {
        if let Err(error) = self.shared.replace(script) {
            panic!("cannot replace the script: {error}");
        }
    }

    /// Serves until the process ends.
    pub fn serve_on(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread ends the wait as well.
            drop(thread.join());
        }
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        // The thread ends when its end of the channel sees this one gone.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The server's thread: reports the address or the failure, then serves until told to stop.
fn run(
    options: Options,
    shared: &Arc<Shared>,
    report: &mpsc::SyncSender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match runtime(options.threads) {
        Ok(runtime) => runtime,
        Err(error) => return drop(report.send(Err(error))),
    };
    runtime.block_on(async {
        let listening = listen(options.port).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = match listening {
            Ok(listening) => listening,
            Err(error) => return drop(report.send(Err(error))),
        };
        drop(report.send(Ok(address)));
        tokio::select! {
            () = accept(socket, shared) => {}
            _ = stopped => {}
        }
    });
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    if threads > 1 {
        let mut builder = Builder::new_multi_thread();
        return builder.worker_threads(threads).enable_all().build();
    }
    Builder::new_current_thread().enable_all().build()
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // On Windows the option would let a second server take the port away.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                shared.tally.connection();
                tokio::spawn(serve(stream, Arc::clone(shared)));
            }
            // Out of file descriptors, most likely: others must close first.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it, small events would wait for the client's acknowledgement.
    drop(stream.set_nodelay(true));
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
    };
    let service = service_fn(|request| shared.serve(request, &reset));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    // Broken connections are what the script asked for, or the client's doing.
    drop(connection.await);
}

/// A connection that can end with a reset instead of an orderly end.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Where the system refuses, the client sees an orderly end without a response.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
