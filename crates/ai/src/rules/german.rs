//! German.

use super::Language;
use super::Sort::{Dated, Decision, Event, Fact, HowTo, Preference};
use super::dates::Meaning;

pub(super) static GERMAN: Language = Language {
    openers: "ja|nein|also|ach|oh|hm|na ja|naja|okay|ok|gut|genau|danke|übrigens|nebenbei|und|aber|außerdem|ehrlich gesagt|hallo|hi|hey|wie gesagt|zur info|leider|zum glück",
    vetoes: r#"\?|\b(?:wenn|falls|würde|würdest|könnte|vielleicht|möglicherweise|stell dir vor|angenommen|hätte|wäre|zum beispiel|z\.b\.|als ob)\b|["\u{201e}\u{201c}]"#,
    pointing: "es|das|dies|diese|dieser|dieses|sie|ihn|ihm|ihr|dich|dir|dein|deine|deinen|hier|dort|was|wie|wo|dass|nicht|so|sehr|mehr|alles|nichts|etwas|beide",
    rules: &[
        (
            Fact,
            r"(?:mein (?:voller )?name ist|ich heiße|du kannst mich|nenn mich|nenne mich) (?P<o>(?-i:\p{Lu})[\p{L} '-]{1,60}?)(?: nennen)?[.!]?$",
            Some("name"),
        ),
        (
            Fact,
            r"(?:ich|wir) (?:wohne|wohnen|lebe|leben) (?:jetzt |derzeit |aktuell |immer noch |seit [\p{L}\d ]{2,30}? )*(?:in|bei|nahe|auf) (?P<o>.+)",
            Some("home"),
        ),
        (Fact, r"ich arbeite (?:jetzt |derzeit |aktuell |immer noch )*als (?P<o>.+)", Some("work as")),
        (
            Fact,
            r"ich arbeite (?:jetzt |derzeit |aktuell |immer noch )*(?:bei|für) (?P<o>.+)",
            Some("work for"),
        ),
        (Fact, r"ich arbeite (?:jetzt |derzeit |aktuell |immer noch )*(?:in|im|an) (?P<o>.+)", None),
        (
            Preference,
            r"(?:mein|meine) (?P<slot>lieblings[\p{L}-]+) (?:ist|sind|war schon immer) (?P<o>.+)",
            Some("favourite"),
        ),
        (Fact, r"mein geburtstag ist (?P<o>.+)", Some("my birthday")),
        (
            Preference,
            r"ich (?:mag|liebe|hasse|bevorzuge|genieße|verabscheue) (?:sehr |wirklich |besonders |vor allem |total |am liebsten |lieber |keine |keinen |kein )*(?P<o>.+)",
            None,
        ),
        (
            Preference,
            r"ich (?:trinke|esse|höre|lese|spiele|nutze|benutze|schreibe|arbeite|reise|koche) (?:am liebsten|lieber|gern|gerne|nie|niemals|kein|keine|keinen) (?P<o>.+)",
            None,
        ),
        (Preference, r"ich bin (?:ein |ein großer |ein riesiger )fan von (?P<o>.+)", None),
        (
            Fact,
            r"ich bin (?:auch |jetzt |derzeit |seit [\p{L}\d ]{2,30}? )*(?:vegetarier|vegetarierin|veganer|veganerin|vegan|verheiratet|ledig|geschieden|verlobt|schwanger|linkshänder|rechtshänder|allergisch gegen|diabetiker|diabetikerin|laktoseintolerant|rentner|rentnerin|selbstständig|arbeitslos)\b.*",
            None,
        ),
        (
            Fact,
            r"ich bin (?:von beruf |ein |eine |freier |freie |freiberuflicher )*(?:[\p{L}-]+(?:ingenieur|ingenieurin|entwickler|entwicklerin|lehrer|lehrerin|designer|designerin|manager|managerin)|ingenieur|ingenieurin|entwickler|entwicklerin|programmierer|programmiererin|lehrer|lehrerin|arzt|ärztin|student|studentin|krankenschwester|anwalt|anwältin|autor|autorin|musiker|musikerin|koch|köchin|architekt|architektin|schreiner|schreinerin)\b.*",
            None,
        ),
        (Fact, r"ich bin \d{1,3} jahre alt.*", Some("age")),
        (Fact, r"ich bin in (?P<o>.+) (?:geboren|aufgewachsen)\b.*", None),
        (
            Fact,
            r"(?:ich|wir) (?:habe|haben) (?:auch |nur )*(?:ein|eine|einen|zwei|drei|vier|fünf|\d+) (?:[\p{L}-]+ ){0,2}?(?:hund|hunde|katze|katzen|kind|kinder|sohn|söhne|tochter|töchter|bruder|brüder|schwester|schwestern|geschwister|enkel|haus|wohnung|auto|garten|boot|pferd|pferde|allergie)\b.*",
            None,
        ),
        (
            Fact,
            r"(?:mein|meine) (?:[\p{L}-]+ ){0,1}?(?:frau|mann|freund|freundin|partner|partnerin|sohn|tochter|kinder|mutter|vater|eltern|bruder|schwester|oma|opa|hund|katze|chef|chefin|team|firma|auto) (?:heißt|heißen|ist ein|ist eine|arbeitet|wohnt|lebt|hat|mag|liebt|spricht|spielt|studiert|kommt aus) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"ich (?:spreche|spiele|fahre|lerne|studiere|unterrichte|sammle|nutze|benutze|verwende) (?:auch |derzeit |gerade |regelmäßig |meistens |täglich )*(?P<o>.+)",
            None,
        ),
        (
            Decision,
            r"(?:ich habe mich|wir haben uns) (?:endlich |nun |jetzt )*(?:für|gegen|dazu|dafür|dagegen) .*(?:entschieden|entschlossen)\b.*",
            None,
        ),
        (
            Decision,
            r"(?:ich habe|wir haben) (?:endlich |nun |jetzt |heute |gestern )*(?:beschlossen|entschieden|vereinbart)[, ].+",
            None,
        ),
        (HowTo, r"ab (?:jetzt|sofort) .+", None),
        (
            HowTo,
            r"(?:bitte )?(?:antworte|schreib|schreibe|nutze|benutze|verwende|erkläre|frag|frage|nenne|zeige|halte|sprich) (?:mir |mich )?(?:bitte )?(?:immer|nie|niemals|stets) .+",
            None,
        ),
        (HowTo, r"(?:ich|wir) (?:[\p{L}]+) (?:immer|grundsätzlich|normalerweise|niemals) (?P<o>.+)", None),
        (
            Event,
            r"(?:ich bin|wir sind) .*(?:umgezogen|eingezogen|beigetreten|befördert worden|eingestellt worden)\b.*",
            None,
        ),
        (
            Event,
            r"(?:ich habe|wir haben) .*(?:geheiratet|gekündigt|gewonnen|bestanden|gegründet|adoptiert|angemeldet|abgeschlossen|veröffentlicht|eröffnet)\b.*",
            None,
        ),
        (
            Dated,
            r"(?:ich|wir|gestern|heute|letzte[nrs]?|vor|am|im|morgen|nächste[nrs]?) .*(?:habe|haben|bin|sind|war|waren|ging|gingen|fahre|fahren|fliege|fliegen|gehe|gehen|treffe|treffen|werde|werden) .+",
            None,
        ),
    ],
    dates: &[
        (r"vorgestern", Meaning::Day(-2)),
        (r"gestern", Meaning::Day(-1)),
        (r"heute", Meaning::Day(0)),
        (r"übermorgen", Meaning::Day(2)),
        (
            r"vor (?P<n>\d{1,3}|einem|einer|zwei|drei|vier|fünf|sechs) (?P<unit>tagen|tag|wochen|woche|monaten|monat|jahren|jahr)",
            Meaning::Away(-1),
        ),
        (
            r"in (?P<n>\d{1,3}|einem|einer|zwei|drei|vier|fünf|sechs) (?P<unit>tagen|tag|wochen|woche|monaten|monat|jahren|jahr)",
            Meaning::Away(1),
        ),
        (
            r"(?:letzten|vergangenen) (?P<weekday>montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)",
            Meaning::Weekday(-1),
        ),
        (
            r"(?:nächsten|kommenden) (?P<weekday>montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)",
            Meaning::Weekday(1),
        ),
        (r"(?:letztes|vergangenes|letzten) wochenende", Meaning::Weekend(-1)),
        (r"(?:nächstes|kommendes|nächsten) wochenende", Meaning::Weekend(1)),
        (
            r"(?:letzte|letzten|letztes|vergangene|vergangenen|vergangenes) (?P<unit>woche|monat|jahr)",
            Meaning::Unit(-1),
        ),
        (
            r"(?:nächste|nächsten|nächstes|kommende|kommenden|kommendes) (?P<unit>woche|monat|jahr)",
            Meaning::Unit(1),
        ),
        (
            r"(?:am |zum )?(?P<day>\d{1,2})\. (?P<month>januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)(?: (?P<year>(?:19|20)\d\d))?",
            Meaning::Calendar,
        ),
        (r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d\d)", Meaning::Calendar),
        (
            r"(?P<month>januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember) (?P<year>(?:19|20)\d\d)",
            Meaning::Span,
        ),
        (r"(?:seit|im jahr) (?P<year>(?:19|20)\d\d)", Meaning::Span),
    ],
};
