//! Schemas of arguments and results: derived from the types, without what only costs tokens.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// What a tool takes.
pub(crate) fn of_input<T: JsonSchema>() -> Arc<JsonObject> {
    schema::<T>(SchemaSettings::draft2020_12())
}

/// What a tool gives.
pub(crate) fn of_output<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = schema::<T>(SchemaSettings::draft2020_12().for_serialize());
    for property in
        Arc::make_mut(&mut schema)["properties"].as_object_mut().into_iter().flat_map(|all| all.values_mut())
    {
        if let Some(property) = property.as_object_mut() {
            property.remove("minimum");
        }
    }
    schema
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Arc<JsonObject> {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    shorten(&mut schema);
    let object = schema.as_object_mut().expect("a struct's schema is an object");
    // The tool's own words say what these would.
    object.remove("title");
    object.remove("description");
    Arc::new(std::mem::take(object))
}

/// Takes out what says nothing: a member that may be left out need not be `null` as well, and the width of an integer
/// is ours.
fn shorten(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("format");
            members.retain(|name, value| !(name == "default" && value.is_null()));
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            members.values_mut().for_each(shorten);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}
