//! `/v1/export` and `/v1/import`: bodies of any size, as streams.

use std::io::{self, Write};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use omp_formats::sniff::by_media_type;
use omp_model::api::ErrorBody;
use omp_model::transfer::{Choice, ExportOptions, Format, ImportOptions, ImportResponse};
use omp_model::{Error, ErrorCode, Fields, Principal};
use omp_service::{ImportSource, file_form};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::answer::Answer;
use crate::body::media_type;
use crate::pace::Pace;
use crate::query::Query;
use crate::{App, bodies};

/// Pieces of an export that wait for a slow reader.
const PIECES: usize = 4;

/// Export all memories
///
/// As an OMP export, or as Open Memory Interchange with `format` or by `Accept: application/vnd.omi+json` or
/// `application/vnd.omi+jsonl`, or in the format of another tool; one of several files comes as a ZIP archive.
#[utoipa::path(get, path = "/v1/export", tag = "transfer", security(("key" = [])), params(
    ("format" = Option<String>, Query, description = "omp (default), omi, omi-jsonl or another tool's that can be written; wins over Accept"),
    ("include" = Option<String>, Query, description = "`conversations` (OMP only), `embedding`, or both with a comma"),
), responses(
    (status = 200, description = "Everything, as a stream", content(
        (bodies::OmpExport = "application/json"),
        (serde_json::Value = "application/vnd.omi+json"),
        (String = "application/vnd.omi+jsonl"),
    )),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn export_memories(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    query: Query,
) -> Answer<Response> {
    let options = query.read(|fields| Some(export_options(fields, &headers)))?;
    app.service.authorize_export(&principal)?;
    omp_service::check_export(options.format)?;
    let (sender, receiver) = mpsc::channel(PIECES);
    let failed = sender.clone();
    let out = Box::new(Pieces { sender, runtime: Handle::current(), pace: Pace::default() });
    tokio::spawn(async move {
        if let Err(error) = app.service.export(principal, options, out, None).await {
            // The status is long gone; cutting the stream off is the only honest way to say it.
            tracing::warn!(code = error.code.name(), "an export ended early");
            let _ = failed.send(Err(io::Error::other("the export ended early"))).await;
        }
    });
    let body = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let mut response = Body::from_stream(body).into_response();
    let name = format!("attachment; filename=\"memories.{}\"", file_form(options.format).0);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file_form(options.format).1));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.extend(HeaderValue::from_str(&name).map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

fn export_options(fields: &mut Fields<'_>, headers: &HeaderMap) -> ExportOptions {
    let include = fields.optional::<String>("include").unwrap_or_default();
    let included = |what| include.split(',').any(|item| item.trim() == what);
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    ExportOptions {
        format: fields.optional("format").or_else(|| preferred(accepted)).unwrap_or_default(),
        with_embedding: included("embedding"),
        with_conversations: included("conversations"),
    }
}

/// The format that an `Accept` header likes best, the first of several (RFC
/// 9110, section 12.5.1); `None` leaves it open.
fn preferred(accepted: &str) -> Option<Format> {
    let quality = |range: &str| -> f32 {
        let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let quality = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        quality.map_or(1.0, |(_, value)| value.trim().parse().unwrap_or(0.0))
    };
    let known = accepted.split(',').filter_map(|range| {
        let media_type = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let format =
            if media_type == "application/json" { Some(Format::OMP) } else { by_media_type(&media_type) };
        format.map(|format| (format, quality(range))).filter(|(_, quality)| *quality > 0.0)
    });
    // Of equals, `max_by` takes the last.
    known.rev().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(format, _)| format)
}

/// A writer whose pieces become the body; used on a thread that may block.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    pace: Pace,
}

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let sent = self.sender.send(Ok(Bytes::copy_from_slice(piece)));
        let begun = Instant::now();
        let sent = self.runtime.block_on(async { tokio::time::timeout(self.pace.patience(), sent).await });
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the reader is gone");
        sent.ok().and_then(Result::ok).ok_or_else(gone)?;
        self.pace.moved(piece.len(), begun.elapsed());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Import memories
///
/// Takes an OMP export, Open Memory Interchange JSON or JSON Lines, or a file of another tool (its export as a ZIP,
/// JSON or text), told apart by media type, content or `name`. Each item lands whole or is listed in `errors`;
/// importing the same again changes nothing.
#[utoipa::path(post, path = "/v1/import", tag = "transfer", security(("key" = [])), params(
    ("conflict" = Option<String>, Query, description = "skip (default), overwrite, duplicate or newer (default for other tools' files); wins over the body's"),
    ("format" = Option<String>, Query, description = "omp, omi, omi-jsonl or another tool's; by default found out from the content"),
    ("from" = Option<String>, Query, description = "The same as `format`"),
    ("dry_run" = Option<bool>, Query, description = "Only tell what would happen"),
    ("name" = Option<String>, Query, description = "What the file is called; some formats are told by it"),
    ("since" = Option<String>, Query, description = "Of another tool's file, only what was changed at this time or later"),
    ("namespace" = Option<String>, Query, description = "The namespace for everything in another tool's file"),
    ("owner" = Option<String>, Query, description = "Of another tool's file, only what belongs to this account or user"),
    ("redact" = Option<bool>, Query, description = "Blot out mail addresses, telephone numbers and keys in another tool's file"),
    ("map" = Option<String>, Query, description = "Of CSV or JSON of any tool, which column means what: `content=text,created_at=ts`, or a JSON object of the same"),
), request_body(content(
    (bodies::OmpExport = "application/json"),
    (serde_json::Value = "application/vnd.omi+json"),
    (String = "application/vnd.omi+jsonl"),
    (String = "application/octet-stream"),
)), responses(
    (status = 200, description = "What happened", body = ImportResponse),
    (status = 400, description = "`invalid_json`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn import_memories(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    query: Query,
    request: Request,
) -> Answer<Json<ImportResponse>> {
    let media_type = media_type(request.headers());
    let named = by_media_type(&media_type);
    if named.is_none() && !GENERAL.contains(&media_type.as_str()) {
        let message = "Send `Content-Type: application/json`, `application/vnd.omi+json` or `application/vnd.omi+jsonl`; \
                       a file of another tool as `application/zip`, `application/octet-stream`, `text/plain`, `text/markdown` or `text/csv`.";
        return Err(Error::new(ErrorCode::UnsupportedMediaType, message).into());
    }
    let vague = omp_formats::sniff::is_any_lines(&media_type);
    let options = query.read(|fields| {
        Some(ImportOptions {
            format: fields
                .optional::<Format>("format")
                .or(fields.optional("from"))
                .or(named.filter(|_| !vague)),
            media: named,
            conflict: fields.optional("conflict"),
            dry_run: fields.optional("dry_run").unwrap_or(false),
            name: fields.optional("name"),
            choice: Choice {
                since: fields.optional("since"),
                namespace: fields.optional("namespace"),
                owner: fields.optional("owner"),
                redact: fields.optional("redact").unwrap_or(false),
                map: fields.optional("map"),
            },
        })
    })?;
    let body = patient(request.into_body().into_data_stream().map_err(io::Error::other).boxed());
    let source = ImportSource::Stream(Box::new(SyncIoBridge::new(StreamReader::new(body.boxed()))));
    let report = app.service.import(principal, source, options, None).await?;
    Ok(Json(report.into()))
}

/// Media types that leave open what the body is.
const GENERAL: [&str; 8] = [
    "application/json",
    "application/octet-stream",
    "application/zip",
    "application/gzip",
    "text/plain",
    "text/markdown",
    "text/csv",
    "text/tab-separated-values",
];

/// A body that fails when it comes too slowly.
fn patient(body: BoxStream<'static, io::Result<Bytes>>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(Some((body, Pace::default())), |state| async {
        let (mut body, mut pace) = state?;
        let begun = Instant::now();
        match tokio::time::timeout(pace.patience(), body.next()).await {
            Ok(piece) => {
                pace.moved(
                    piece.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len)),
                    begun.elapsed(),
                );
                piece.map(|piece| (piece, Some((body, pace))))
            }
            Err(_) => {
                Some((Err(io::Error::new(io::ErrorKind::TimedOut, "the sender sent too slowly")), None))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_best_is_sent() {
        let [omi, lines] = ["application/vnd.omi+json", "application/vnd.omi+jsonl"];
        for (accepted, format) in [
            (format!("{omi};q=0.5, {lines}"), Some(Format::OMI_JSONL)),
            (format!("application/json, {omi};q=0.9"), Some(Format::OMP)),
            (format!("{omi}, {lines}"), Some(Format::OMI)),
            ("Application/VND.omi+JSON; q=0.1, */*;q=0".to_owned(), Some(Format::OMI)),
            (format!("{omi};q=0"), None),
            ("text/html, */*".to_owned(), None),
        ] {
            assert_eq!(preferred(&accepted), format, "{accepted}");
        }
    }
}
