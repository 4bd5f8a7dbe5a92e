//! `omp setup`

use std::fmt;
use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::args::{Global, Setup};
use crate::files::{Owned, Readers};
use crate::printer::{Printer, clean};
use crate::setup::{Change, Launch, Places, Record, Records, TOOLS, Tool, Undone};

pub(super) fn run(global: &Global, args: &Setup, printer: &Printer) -> anyhow::Result<ExitCode> {
    if args.undo {
        return undo(args, printer);
    }
    let places = Places::here()?;
    let launch = Launch::of(global)?;
    if args.print {
        return print(args, &places, &launch, printer);
    }
    let tools = chosen(args, &places)?;
    if tools.is_empty() {
        return list(args, &places, printer);
    }
    let mut work = Work { printer, launch: &launch, args, report: Vec::new(), failures: Vec::new() };
    for tool in tools {
        if args.hooks && !tool.has_hooks() && !args.all {
            bail!("{} runs no commands when sessions begin and end; leave --hooks out", tool.title);
        }
        work.set_up(tool, &places)?;
    }
    if printer.json {
        printer.value(&work.report)?;
    }
    ensure!(work.failures.is_empty(), "not everything could be set up: {}", work.failures.join("; "));
    Ok(ExitCode::SUCCESS)
}

/// The tools that are meant.
fn chosen(args: &Setup, places: &Places) -> anyhow::Result<Vec<&'static Tool>> {
    if args.all {
        return Ok(TOOLS.iter().filter(|tool| tool.is_here(places)).collect());
    }
    let mut tools = Vec::new();
    for name in &args.tools {
        let tool = Tool::named(name).context("no such tool")?;
        ensure!(
            tool.is_here(places),
            "{} is not on this machine: there is no {}. `omp setup {name} --print` shows what to paste",
            tool.title,
            tool.looked_for(places)
        );
        tools.push(tool);
    }
    Ok(tools)
}

/// The tools that are here, when none was named.
fn list(args: &Setup, places: &Places, printer: &Printer) -> anyhow::Result<ExitCode> {
    let known = Records::open()?;
    let is_set_up = |tool: &Tool| known.all.iter().any(|record| record.tool == tool.name);
    if printer.json {
        let tools: Vec<Value> = TOOLS
            .iter()
            .map(|tool| json!({"tool": tool.name, "found": tool.is_here(places), "set_up": is_set_up(tool)}))
            .collect();
        printer.value(&tools)?;
        return Ok(ExitCode::SUCCESS);
    }
    let here: Vec<&Tool> = TOOLS.iter().filter(|tool| tool.is_here(places)).collect();
    for tool in &here {
        let state = if is_set_up(tool) { "set up" } else { "found" };
        printer.line(format!("{:<15} {state}  {}", tool.name, tool.title))?;
    }
    if here.is_empty() {
        printer.say("no tool was found; `omp setup TOOL --print` shows what to paste");
    } else if !args.all {
        printer.say("`omp setup TOOL` sets one up, `omp setup --all` all of them");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to be pasted by hand.
fn print(args: &Setup, places: &Places, launch: &Launch, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut files = Vec::new();
    for tool in args.tools.iter().filter_map(|name| Tool::named(name)) {
        for change in tool.changes(places, launch, args.hooks) {
            let text = change.kind.apply(None, &change.edits).map_err(anyhow::Error::msg)?;
            files.push((tool, change.path, masked(&text, launch)));
        }
    }
    if printer.json {
        let files: Vec<Value> = files
            .iter()
            .map(|(tool, file, text)| json!({"tool": tool.name, "file": file, "text": text, "then": tool.then}))
            .collect();
        printer.value(&files)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (tool, file, text) in files {
        printer.say(format!("Put this into {}, then {}:", file.display(), tool.then));
        printer.line(text.trim_end())?;
    }
    if launch.key().is_some() {
        printer.say("Put your key in the place of ***; who can read the file can read your memories.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Setting tools up, one after the other.
struct Work<'a> {
    printer: &'a Printer,
    launch: &'a Launch,
    args: &'a Setup,
    report: Vec<Value>,
    /// What went wrong with one file, and keeps none of the others.
    failures: Vec<String>,
}

impl Work<'_> {
    fn set_up(&mut self, tool: &Tool, places: &Places) -> anyhow::Result<()> {
        let mut done = false;
        for change in tool.changes(places, self.launch, self.args.hooks) {
            match self.write(tool, &change) {
                Ok(written) => done |= written,
                Err(error) if self.args.all && !error.is::<NobodyToAsk>() => {
                    let what = format!("{error:#}");
                    self.printer.say(format!("{}: {}", tool.title, clean(&what)));
                    let file = &change.path;
                    self.report
                        .push(json!({"tool": tool.name, "file": file, "outcome": "failed", "error": what}));
                    self.failures.push(what);
                }
                Err(error) => return Err(error),
            }
        }
        if done {
            self.printer.say(format!("Now {}.", tool.then));
        }
        Ok(())
    }

    /// Writes one file, if the person wants that.
    fn write(&mut self, tool: &Tool, change: &Change) -> anyhow::Result<bool> {
        let file = Owned::open(&change.path)?;
        let shown = change.path.display();
        let text = change.kind.apply(file.text.as_deref(), &change.edits);
        let text = text.map_err(|what| anyhow::anyhow!("{shown} {what}; nothing was changed"))?;
        if file.text.as_deref() == Some(&text) {
            self.told(tool, &change.path, "unchanged", None);
            self.printer.say(format!("{}: {shown} is set up already", tool.title));
            return Ok(false);
        }
        self.printer.say(format!("{}: {shown}", tool.title));
        self.printer.say(diff(file.text.as_deref().unwrap_or_default(), &text, self.launch));
        // A key makes the file a secret of its owner's.
        let key = self.launch.key().filter(|key| text.contains(key));
        let readers = if key.is_some() { Readers::OwnerOnly } else { Readers::AsUsual };
        if key.is_some() {
            self.printer.say("The file will hold your key, so nobody but you will be able to read it.");
        }
        if self.args.dry_run || !agreed(self.args, "Write this?")? {
            self.told(tool, &change.path, "not_written", None);
            self.printer.say("not written");
            return Ok(false);
        }
        let backup = Records::open()?.write(tool, change, &file, &text, readers)?;
        self.told(tool, &change.path, "written", backup.as_deref());
        match backup {
            Some(backup) => self.printer.say(format!("written; what it was is in {}", backup.display())),
            None => self.printer.say("written; the file is new"),
        }
        Ok(true)
    }

    fn told(&mut self, tool: &Tool, file: &Path, outcome: &str, backup: Option<&Path>) {
        self.report.push(json!({"tool": tool.name, "file": file, "outcome": outcome, "backup": backup}));
    }
}

fn undo(args: &Setup, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut records = Records::open()?;
    let meant = |record: &Record| args.tools.is_empty() || args.tools.contains(&record.tool);
    let all: Vec<Record> = records.all.iter().filter(|record| meant(record)).cloned().collect();
    let mut report = Vec::new();
    for record in &all {
        let shown = record.file.display();
        let (file, text, undone) = Records::plan(record)?;
        let outcome = match undone {
            Undone::Exactly => "exactly",
            Undone::OursOnly => "ours_only",
            Undone::Nothing => "nothing",
        };
        if undone != Undone::Nothing {
            printer.say(format!("{}: {shown}", record.tool));
            match (&text, undone) {
                (None, _) => printer.say("the file was made by `omp setup` and goes"),
                (Some(_), Undone::Exactly) => printer.say("the file comes back as it was, byte for byte"),
                _ => printer.say("the file was changed since, so only what `omp setup` wrote is taken out"),
            }
            if args.dry_run || !agreed(args, "Undo this?")? {
                report.push(json!({"tool": record.tool, "file": record.file, "outcome": "not_undone"}));
                printer.say("not undone");
                continue;
            }
        } else if args.dry_run {
            continue;
        }
        records.undo(record, &file, text.as_deref())?;
        report.push(json!({"tool": record.tool, "file": record.file, "outcome": outcome}));
        let told = if undone == Undone::Nothing { "nothing of ours is in it" } else { "undone" };
        printer.say(format!("{told}: {shown}"));
    }
    if all.is_empty() {
        printer.say("nothing is set up, so there is nothing to undo");
    }
    if printer.json {
        printer.value(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Holds for every file, so one telling is enough.
#[derive(Debug)]
struct NobodyToAsk;

impl std::error::Error for NobodyToAsk {}

impl fmt::Display for NobodyToAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody can be asked here; --yes writes it, --dry-run only shows it")
    }
}

/// Whether the person wants it. Where nobody can be asked, `--yes` has to say so.
fn agreed(args: &Setup, question: &str) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(NobodyToAsk.into());
    }
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("the answer cannot be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// What changes, with the lines around it, and without the key.
fn diff(before: &str, after: &str, launch: &Launch) -> String {
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).missing_newline_hint(false).to_string();
    masked(&clean(&text.replace("\r\n", "\n")), launch).trim_end().to_owned()
}

fn masked(text: &str, launch: &Launch) -> String {
    launch.key().map_or_else(|| text.to_owned(), |key| text.replace(key, "***"))
}
