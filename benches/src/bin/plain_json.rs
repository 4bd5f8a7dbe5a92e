//! The yardstick of imports: a JSON array read by plain `serde_json`, element by element into values that are dropped.
//! Prints the seconds. Usage: `plain_json FILE`.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

use serde_json::Value;
use serde_json::de::{IoRead, StreamDeserializer};

/// Takes the elements of one array.
struct Elements(u64);

impl<'de> serde::Deserialize<'de> for Elements {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Elements;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Elements, A::Error> {
                let mut count = 0;
                while seq.next_element::<Value>()?.is_some() {
                    count += 1;
                }
                Ok(Elements(count))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: plain_json FILE")?;
    let begun = Instant::now();
    // From bytes, which is what serde_json is fastest at.
    let bytes = std::fs::read(&path)?;
    let elements: Elements = serde_json::from_slice(&bytes)?;
    let from_bytes = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let reader = IoRead::new(BufReader::with_capacity(1 << 18, File::open(&path)?));
    let mut stream = StreamDeserializer::<_, Elements>::new(reader);
    stream.next().ok_or("an empty file")??;
    let from_reader = begun.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    std::io::Write::write_fmt(
        &mut out,
        format_args!(
            "{} elements: {from_bytes:.2} s from bytes, {from_reader:.2} s from a reader\n",
            elements.0
        ),
    )?;
    Ok(())
}
