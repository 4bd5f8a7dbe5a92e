use omp_model::Timestamp;

use super::*;

/// A Friday.
const DAY: &str = "2026-05-01T10:00:00Z";

fn read(text: &str) -> Vec<String> {
    let script = Script::new([(Role::User, text)], Timestamp::parse(DAY).unwrap());
    extract(&script).candidates.into_iter().map(|c| format!("{}: {}", c.tags[0], c.content)).collect()
}

#[test]
fn sentences_about_oneself_are_memories() {
    let told = [
        ("Hi! My name is Ada Byron.", "fact: My name is Ada Byron."),
        ("Btw, I live in Lisbon.", "fact: I live in Lisbon."),
        ("I really love hiking in the mountains.", "preference: I really love hiking in the mountains."),
        ("Yeah, my favourite editor is Helix.", "preference: My favourite editor is Helix."),
        ("I'm allergic to peanuts.", "fact: I'm allergic to peanuts."),
        ("We have two dogs.", "fact: We have two dogs."),
        ("I am a nurse in a small hospital.", "fact: I am a nurse in a small hospital."),
        (
            "We decided to use PostgreSQL for the archive.",
            "decision: We decided to use PostgreSQL for the archive.",
        ),
        ("Always answer in metric units.", "how-to: Always answer in metric units."),
        (
            "Before I deploy, I always run the smoke tests.",
            "how-to: Before I deploy, I always run the smoke tests.",
        ),
        ("I've been learning the cello.", "fact: I've been learning the cello."),
        ("I've been working on a bug.", ""),
        ("I signed up for a pottery class.", "event: I signed up for a pottery class."),
        ("I went to the dentist yesterday.", "event: I went to the dentist yesterday (2026-04-30)."),
        ("Ich wohne in Bremen.", "fact: Ich wohne in Bremen."),
        ("Mein Lieblingstee ist Assam.", "preference: Mein Lieblingstee ist Assam."),
        ("Ich habe mich für Rust entschieden.", "decision: Ich habe mich für Rust entschieden."),
        ("Gestern bin ich nach Köln gefahren.", "event: Gestern bin ich nach Köln gefahren (2026-04-30)."),
        ("J'habite à Lyon.", "fact: J'habite à Lyon."),
        ("J'adore le fromage de chèvre.", "preference: J'adore le fromage de chèvre."),
        ("Me gusta el café sin azúcar.", "preference: Me gusta el café sin azúcar."),
        ("Vivo en Sevilla desde 2019.", "fact: Vivo en Sevilla desde 2019."),
    ];
    for (text, expected) in told {
        assert_eq!(read(text).concat(), expected, "{text}");
    }
}

#[test]
fn sentences_that_may_mean_something_else_are_not() {
    for text in [
        "Do you think I love tea?",
        "I love it!",
        "I like your idea a lot.",
        "I like that.",
        "I love to.",
        "We decided to drink it every morning.",
        "I love watching them play.",
        "I love going there!",
        "I love making him happy.",
        "I lost my keys again.",
        "If I live in Lisbon, what tax do I pay.",
        "I would like a cup of tea.",
        "I'd like to book a table.",
        "Pretend that I am a doctor.",
        "Imagine I live in Rome.",
        "She said \"I live in Rome\".",
        "> I live in Rome.",
        "```\nI live in Rome.\n```",
        "I went to the shop.",
        "I had a long meeting this Tuesday.",
        "I'm a bit tired.",
        "I have a question about lifetimes.",
        "Can you write a poem about a nurse.",
        "I am confused.",
        "Ich mag das.",
        "Ich hätte gern einen Kaffee.",
        "J'aime ça.",
        "Me gustaría un café.",
        "No me gusta eso.",
    ] {
        assert_eq!(read(text), [""; 0], "{text}");
    }
}

#[test]
fn only_what_the_user_says_and_has_not_pasted_is_read() {
    let at = Timestamp::parse(DAY).unwrap();
    let letter = format!("{} I live in Rome.", "Dear all. ".repeat(500));
    let script = Script::new([(Role::Assistant, "I live in the cloud."), (Role::User, letter.as_str())], at);
    assert!(extract(&script).candidates.is_empty());
    let notes = Script::unlabelled(&letter, at);
    assert_eq!(extract(&notes).candidates.len(), 1);
}

#[test]
fn days_are_counted_from_the_day_of_the_turn() {
    let day = |text: &str| {
        let script = Script::new([(Role::User, text)], Timestamp::parse(DAY).unwrap());
        extract(&script).candidates.into_iter().next().and_then(|candidate| candidate.date)
    };
    for (text, expected) in [
        ("I ran a charity race last Saturday.", "2026-04-25"),
        ("I ran a charity race last Friday.", "2026-04-24"),
        ("I visited my aunt last week.", "2026-04-20/2026-04-26"),
        ("I visited my aunt last month.", "2026-04"),
        ("I visited my aunt three weeks ago.", "2026-04-06/2026-04-12"),
        ("I visited my aunt ten days ago.", "2026-04-21"),
        ("I visited my aunt a year ago.", "2025"),
        ("I visited my aunt last weekend.", "2026-04-25/2026-04-26"),
        ("We're going to Porto next month.", "2026-06"),
        ("We're going to Porto in two weeks.", "2026-05-11/2026-05-17"),
        ("We're going to Porto on June 5th.", "2026-06-05"),
        ("I graduated from Porto on 5 May 2019.", "2019-05-05"),
        ("I moved to Porto in 2012.", "2012"),
        ("I moved to Porto in March 2012.", "2012-03"),
        ("Letzte Woche habe ich den Garten umgegraben.", "2026-04-20/2026-04-26"),
        ("Ich habe am 5. Mai einen Termin beim Arzt.", "2026-05-05"),
        ("J'ai vu ma tante il y a trois jours.", "2026-04-28"),
        ("Fui a la playa el domingo pasado.", "2026-04-26"),
    ] {
        assert_eq!(day(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_can_be_true_only_once_is_known_by_what_it_is_about() {
    assert_eq!(slot_of("I live in Lisbon."), slot_of("Ich wohne in Bremen."));
    assert_eq!(slot_of("My favorite tea is Assam."), slot_of("My favourite tea is Darjeeling!"));
    assert_ne!(slot_of("My favorite tea is Assam."), slot_of("My favorite film is Stalker."));
    assert_eq!(slot_of("I love tea."), None);
    assert_eq!(slot_of("I live in Lisbon. I work as a nurse."), None, "it says more than one thing");
}
