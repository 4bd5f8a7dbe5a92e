use tempfile::TempDir;

use super::*;
use crate::builtin::Builtin;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model");

/// The built-in model as a folder.
fn folder(tokenizer: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let weights = "all-MiniLM-L6-v2.int8.onnx.data";
    fs::copy(format!("{MODEL}/all-MiniLM-L6-v2.int8.onnx"), folder.path().join("model.onnx")).unwrap();
    fs::copy(format!("{MODEL}/{weights}"), folder.path().join(weights)).unwrap();
    if tokenizer {
        fs::copy(format!("{MODEL}/vocab.txt"), folder.path().join("vocab.txt")).unwrap();
    }
    write(&folder, "sentence_bert_config.json", r#"{"max_seq_length": 256}"#);
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn settings(folder: &TempDir) -> FolderSettings {
    FolderSettings { path: folder.path().into(), query_prefix: String::new(), document_prefix: String::new() }
}

fn error(folder: &TempDir) -> String {
    Folder::load(settings(folder)).err().expect("this folder cannot be loaded").to_string()
}

#[test]
fn the_built_in_model_as_a_folder_gives_the_same_vectors() {
    let folder = folder(true);
    let (from_disk, built_in) = (Folder::load(settings(&folder)).unwrap(), Builtin::load().unwrap());
    assert_eq!(from_disk.identity().dimensions, 384);
    let long = "Every window of a long text is the same, too. ".repeat(60);
    for text in ["What does she drink?", &long, " "] {
        let expected = built_in.embed(Purpose::Document, text).unwrap();
        assert_eq!(from_disk.embed(Purpose::Document, text).unwrap(), expected);
    }
}

#[test]
fn what_decides_about_the_vectors_decides_about_the_identity() {
    let folder = folder(true);
    let plain = Folder::load(settings(&folder)).unwrap();
    let prefixed =
        Folder::load(FolderSettings { query_prefix: "query: ".into(), ..settings(&folder) }).unwrap();
    write(
        &folder,
        "1_Pooling/config.json",
        r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#,
    );
    let cls = Folder::load(settings(&folder)).unwrap();
    assert_eq!(plain.identity().name, prefixed.identity().name);
    assert_ne!(plain.identity().revision, prefixed.identity().revision);
    assert_ne!(plain.identity().revision, cls.identity().revision);

    let of = |model: &Folder, purpose| model.embed(purpose, "tea").unwrap();
    assert_ne!(of(&plain, Purpose::Query), of(&cls, Purpose::Query));
    assert_ne!(of(&plain, Purpose::Query), of(&prefixed, Purpose::Query));
    assert_eq!(of(&plain, Purpose::Document), of(&prefixed, Purpose::Document));
}

#[test]
fn the_first_token_of_cls_pooling_is_not_the_mean() {
    let folder = folder(true);
    write(&folder, "1_Pooling/config.json", r#"{"pooling_mode_cls_token": false}"#);
    assert!(error(&folder).contains("1_Pooling"), "{}", error(&folder));
}

#[test]
fn a_missing_file_is_named_with_what_was_expected() {
    let nowhere = tempfile::tempdir().unwrap();
    assert!(error(&nowhere).contains("model.onnx is missing"), "{}", error(&nowhere));
    write(&nowhere, "model.safetensors", "");
    assert!(error(&nowhere).contains("export the model to ONNX"), "{}", error(&nowhere));

    let without = folder(false);
    assert!(error(&without).contains("tokenizer.json is missing"), "{}", error(&without));

    let gone = FolderSettings { path: nowhere.path().join("gone"), ..settings(&nowhere) };
    assert!(Folder::load(gone).err().unwrap().to_string().contains("gone is missing"));
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let folder = folder(true);
    write(&folder, "tokenizer.json", "{}");
    assert!(error(&folder).contains("tokenizer.json cannot be used"), "{}", error(&folder));
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    write(&folder, "vocab.txt", "one\ntwo\n");
    assert!(error(&folder).contains("[CLS]"), "{}", error(&folder));
    write(&folder, "model.onnx", "this is no network");
    fs::copy(format!("{MODEL}/vocab.txt"), folder.path().join("vocab.txt")).unwrap();
    assert!(error(&folder).contains("an ONNX model was expected"), "{}", error(&folder));
}
