//! As much HTTP/1.1 as a proxy in tests needs: one request and one answer per connection.

use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Far above what any request here has.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A request: its head without the empty line, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// The next request on `wire`; none if nobody sends one.
    pub(crate) async fn read(wire: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if wire.read_buf(&mut bytes).await? == 0 || bytes.len() > MOST_BYTES {
                return Ok(None);
            }
        };
        let mut body = bytes.split_off(end + 4);
        bytes.truncate(end);
        let head = String::from_utf8(bytes).map_err(io::Error::other)?;
        let mut request = Self { head, body: Vec::new() };
        let length = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        while body.len() < length {
            if wire.read_buf(&mut body).await? == 0 {
                return Ok(None);
            }
        }
        request.body = body;
        Ok(Some(request))
    }

    /// Sends the request on, and answers what came back until the end of the connection.
    pub(crate) async fn forward(&self, port: u16) -> io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
        let kept = self.head.lines().filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            name != "connection" && name != "content-length"
        });
        let mut head = kept.collect::<Vec<_>>().join("\r\n");
        head.push_str(&format!(
            "\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            self.body.len()
        ));
        server.write_all(head.as_bytes()).await?;
        server.write_all(&self.body).await?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        Ok(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Name and value of each header.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
    }

    /// What is asked, as text.
    pub(super) fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Method and path, as `POST /api/v3/repos/…`.
    pub(crate) fn line(&self) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.strip_suffix(" HTTP/1.1").unwrap_or(line)
    }

    /// What was sent with it.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The service that the request is signed for.
    pub(crate) fn service(&self) -> &str {
        let scope = self.header("authorization").and_then(|a| a.split('/').nth(3));
        scope.unwrap_or_default()
    }

    /// The operation: `PutRule`, or for services without a name for it `s3 PUT` and `lambda GET`.
    pub(crate) fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap_or_default().to_owned();
        }
        let body = String::from_utf8_lossy(&self.body);
        if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
            return action.to_owned();
        }
        format!("{} {}", self.service(), self.head.split(' ').next().unwrap_or_default())
    }

    /// Takes `passage` out of the body.
    pub(crate) fn without(mut self, passage: &str) -> Self {
        let body = String::from_utf8_lossy(&self.body).replace(passage, "");
        self.body = body.into_bytes();
        self
    }
}

/// An answer with `body`, after which the connection ends.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}
