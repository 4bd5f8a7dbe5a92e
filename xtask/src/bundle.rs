//! The `.mcpb` bundle of a program, and the `server.json` with which the MCP registry lists bundles.
//!
//! A bundle is a ZIP with a manifest and the program, which apps such as Claude Desktop install by a double click. The
//! registry has no packages of its own: `server.json` says where bundles lie and what their SHA-256 is.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// In which file the registry looks for what it knows of the form.
const SERVER_SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
const DESCRIPTION: &str = "One memory for all your AI tools, on a server or in a file that you own.";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What people can set, by the name of the environment variable.
const SETTINGS: [(&str, &str, &str, &str, bool); 3] = [
    (
        "OMP_SERVER",
        "server",
        "Server",
        "The address of your server, such as https://memory.example; empty: a file on this machine",
        false,
    ),
    ("OMP_API_KEY", "api_key", "Key", "The key of the server, if there is one", true),
    (
        "OMP_DB_PATH",
        "database",
        "File",
        "The database file, if there is no server; empty: the usual place",
        false,
    ),
];

/// A platform that a program runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    /// The platform that a program is for, by its first bytes.
    fn of(program: &[u8]) -> Option<Self> {
        match program {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Linux),
            [b'M', b'Z', ..] => Some(Self::Windows),
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some(Self::MacOs),
            _ => None,
        }
    }

    /// The processor that a program is for, by what its head says.
    fn processor(self, program: &[u8]) -> Option<&'static str> {
        let word = |at: usize| program.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        let (intel, arm, at) = match self {
            Self::Linux => (0x3e, 0xb7, 18),
            Self::MacOs if program[0] == 0xca => return Some("universal"),
            // The lower half of the type; the upper half only says that it has 64 bits.
            Self::MacOs => (0x07, 0x0c, 4),
            Self::Windows => (0x8664, 0xaa64, usize::from(word(0x3c)?) + 4),
        };
        match word(at)? {
            found if found == intel => Some("x86_64"),
            found if found == arm => Some("aarch64"),
            _ => None,
        }
    }

    /// As manifests call it.
    fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "darwin",
            Self::Windows => "win32",
        }
    }

    fn program(self) -> &'static str {
        if self == Self::Windows { "server/omp.exe" } else { "server/omp" }
    }
}

/// Packs a program: gives the path of the bundle.
pub(crate) fn pack(program: &Path, out: &Path) -> Result<PathBuf, String> {
    let bytes =
        std::fs::read(program).map_err(|error| format!("{} cannot be read: {error}", program.display()))?;
    let platform = Platform::of(&bytes);
    let known = platform.and_then(|platform| Some((platform, platform.processor(&bytes)?)));
    let (platform, architecture) =
        known.ok_or_else(|| format!("{} is no program of a known platform", program.display()))?;
    std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    let path = out.join(format!("open-memory-mcp-{VERSION}-{}-{architecture}.mcpb", platform.name()));
    write(&path, platform, &bytes)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(path)
}

fn write(path: &Path, platform: Platform, program: &[u8]) -> zip::result::ZipResult<()> {
    let mut zip = ZipWriter::new(File::create(path)?);
    // No times: the same program gives the same bundle.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut add = |name: &str, mode: u32, bytes: &[u8]| -> zip::result::ZipResult<()> {
        zip.start_file(name, options.unix_permissions(mode))?;
        zip.write_all(bytes)?;
        Ok(())
    };
    let manifest = serde_json::to_vec_pretty(&manifest(platform)).expect("a value is JSON");
    add("manifest.json", 0o644, &manifest)?;
    add(platform.program(), 0o755, program)?;
    add("LICENSE", 0o644, include_bytes!("../../LICENSE"))?;
    zip.finish()?;
    Ok(())
}

/// What a bundle says of itself.
fn manifest(platform: Platform) -> Value {
    let tools: Value = serde_json::from_str(include_str!("../../docs/mcp-tools.json")).expect("is JSON");
    let tools: Vec<Value> = tools["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| json!({"name": tool["name"], "description": tool["description"]}))
        .collect();
    let mut environment = json!({});
    let mut settings = json!({});
    for (variable, name, title, description, sensitive) in SETTINGS {
        environment[variable] = format!("${{user_config.{name}}}").into();
        settings[name] = json!({"type": "string", "title": title, "description": description,
            "required": false, "sensitive": sensitive, "default": ""});
    }
    json!({
        "manifest_version": "0.3",
        "name": "open-memory",
        "display_name": "Open Memory",
        "version": VERSION,
        "description": DESCRIPTION,
        "author": {"name": "The Open Memory contributors"},
        "license": "Apache-2.0",
        "keywords": ["memory", "context", "personal"],
        "server": {
            "type": "binary",
            "entry_point": platform.program(),
            "mcp_config": {
                "command": format!("${{__dirname}}/{}", platform.program()),
                "args": ["mcp"],
                "env": environment,
            },
        },
        "tools": tools,
        "prompts_generated": true,
        "user_config": settings,
        "compatibility": {"platforms": [platform.name()]},
    })
}

/// What the registry is told: the bundles, which lie at this address.
pub(crate) fn server_json(bundles: &[PathBuf], address: &str) -> Result<Value, String> {
    let mut packages = Vec::new();
    for bundle in bundles {
        let name = bundle.file_name().unwrap_or_default().to_string_lossy();
        let variables: Vec<Value> = SETTINGS
            .iter()
            .map(|(variable, _, _, description, secret)| {
                json!({"name": variable, "description": description, "isRequired": false, "isSecret": secret})
            })
            .collect();
        packages.push(json!({
            "registryType": "mcpb",
            "identifier": format!("{}/{name}", address.trim_end_matches('/')),
            "version": VERSION,
            "fileSha256": digest(bundle)?,
            "transport": {"type": "stdio"},
            "environmentVariables": variables,
        }));
    }
    Ok(json!({
        "$schema": SERVER_SCHEMA,
        "name": "org.open-memory/omp",
        "title": "Open Memory",
        "description": DESCRIPTION,
        "version": VERSION,
        "packages": packages,
    }))
}

fn digest(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(hex(&Sha256::digest(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a program for Linux on `x86_64`.
    const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0 and so on";

    #[test]
    fn programs_are_known_by_their_heads() {
        let mut windows = vec![0; 0x90];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x80;
        windows[0x84..0x86].copy_from_slice(&[0x64, 0xaa]);
        for (program, platform, processor) in [
            (ELF, "linux", "x86_64"),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01".as_slice(), "darwin", "aarch64"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02".as_slice(), "darwin", "universal"),
            (&windows, "win32", "aarch64"),
        ] {
            let known = Platform::of(program).unwrap();
            assert_eq!((known.name(), known.processor(program)), (platform, Some(processor)));
        }
        assert_eq!(Platform::Linux.processor(b"\x7fELF"), None);
    }

    #[test]
    fn a_bundle_has_its_program_a_manifest_that_names_it_and_a_digest_in_the_registry() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("omp");
        std::fs::write(&program, ELF).unwrap();
        let bundle = pack(&program, &folder.path().join("out")).unwrap();
        let again = pack(&program, &folder.path().join("again")).unwrap();
        assert_eq!(
            std::fs::read(&bundle).unwrap(),
            std::fs::read(again).unwrap(),
            "the same program, the same bundle"
        );

        let mut zip = zip::ZipArchive::new(File::open(&bundle).unwrap()).unwrap();
        let manifest: Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
        let entry = manifest["server"]["entry_point"].as_str().unwrap();
        let mut inside = Vec::new();
        let mut file = zip.by_name(entry).unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        file.read_to_end(&mut inside).unwrap();
        assert_eq!(inside, ELF);
        assert_eq!(manifest["server"]["mcp_config"]["command"], format!("${{__dirname}}/{entry}"));
        // Every setting that the command line takes is one that can be set, and the other way round.
        let environment = manifest["server"]["mcp_config"]["env"].as_object().unwrap();
        for value in environment.values() {
            let name = value.as_str().unwrap().trim_start_matches("${user_config.").trim_end_matches('}');
            assert!(manifest["user_config"][name]["title"].is_string(), "{name}");
        }
        assert_eq!(manifest["user_config"]["api_key"]["sensitive"], true);
        assert_eq!(manifest["tools"].as_array().unwrap().len(), 10);

        let server = server_json(std::slice::from_ref(&bundle), "https://example.org/releases/v1/").unwrap();
        let package = &server["packages"][0];
        assert_eq!(package["fileSha256"], hex(&Sha256::digest(std::fs::read(&bundle).unwrap())));
        assert!(
            package["identifier"]
                .as_str()
                .unwrap()
                .starts_with("https://example.org/releases/v1/open-memory-mcp-")
        );
        assert!(server["description"].as_str().unwrap().len() <= 100, "the registry takes no more");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("omp");
        std::fs::write(&file, "#!/bin/sh").unwrap();
        assert!(pack(&file, folder.path()).unwrap_err().contains("no program of a known platform"));
    }
}
