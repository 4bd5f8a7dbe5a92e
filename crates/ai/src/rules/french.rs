//! French.

use super::Language;
use super::Sort::{Dated, Decision, Event, Fact, HowTo, Preference};
use super::dates::Meaning;

pub(super) static FRENCH: Language = Language {
    openers: "oui|non|alors|ah|oh|eh bien|ben|bon|d'accord|ok|merci|au fait|et|mais|en fait|honnêtement|bonjour|salut|coucou|sinon|aussi|malheureusement|heureusement",
    vetoes: r#"\?|\b(?:si|serait|pourrait|voudrais|aimerais|aurais|peut-être|imagine|imaginons|supposons|par exemple|comme si)\b|["\u{ab}\u{bb}]"#,
    pointing: "ça|cela|ceci|ce|c'|cet|cette|ces|lui|elle|elles|eux|ton|ta|tes|votre|vos|ici|là|que|qu'|comment|quand|où|pas|très|tout|rien|les deux",
    rules: &[
        (
            Fact,
            r"(?:je m'appelle|mon nom est|mon prénom est|appelle-moi|appelez-moi) (?P<o>(?-i:\p{Lu})[\p{L} '-]{1,60})[.!]?$",
            Some("name"),
        ),
        (
            Fact,
            r"(?:j'habite|je vis|nous habitons|nous vivons|on habite) (?:maintenant |actuellement |toujours )*(?:à|au|aux|en|dans|près de) (?P<o>.+)",
            Some("home"),
        ),
        (Fact, r"je travaille (?:maintenant |actuellement |toujours )*comme (?P<o>.+)", Some("work as")),
        (
            Fact,
            r"je travaille (?:maintenant |actuellement |toujours )*(?:chez|pour) (?P<o>.+)",
            Some("work for"),
        ),
        (Fact, r"je travaille (?:maintenant |actuellement |toujours )*(?:dans|à|au) (?P<o>.+)", None),
        (
            Preference,
            r"(?:mon|ma|mes) (?P<slot>[\p{L}' -]{2,40}?) préférée?s? (?:est|sont|a toujours été) (?P<o>.+)",
            Some("favourite"),
        ),
        (Fact, r"mon anniversaire est (?P<o>.+)", Some("my birthday")),
        (
            Preference,
            r"(?:j'aime|j'adore|je préfère|je déteste|je hais|j'apprécie|je n'aime pas|je ne supporte pas) (?:bien |beaucoup |vraiment |surtout |trop |plus |énormément )*(?P<o>.+)",
            None,
        ),
        (
            Preference,
            r"je suis (?:un |une )?(?:grand |grande |gros |grosse )?(?:fan de|passionnée? de|passionnée? par|accro à) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"je suis (?:aussi |actuellement |désormais )*(?:végétarien|végétarienne|végane?|marié|mariée|célibataire|divorcé|divorcée|fiancé|fiancée|enceinte|gaucher|gauchère|droitier|droitière|diabétique|retraité|retraitée|allergique (?:à|au|aux)|originaire de|intolérante? au)\b.*",
            None,
        ),
        (
            Fact,
            r"je suis (?:un |une )?(?:ingénieure?|développeur|développeuse|enseignante?|professeure?|médecin|infirmière?|avocate?|étudiante?|architecte|musicienne?|graphiste|photographe|journaliste|cuisinière?|écrivaine?)\b.*",
            None,
        ),
        (Fact, r"j'ai \d{1,3} ans\b.*", Some("age")),
        (Fact, r"je suis née? (?:à|au|en|le) (?P<o>.+)", None),
        (
            Fact,
            r"(?:j'ai|nous avons|on a) (?:aussi )?(?:un|une|deux|trois|quatre|cinq|\d+) (?:[\p{L}-]+ ){0,2}?(?:chiens?|chiennes?|chats?|chattes?|enfants?|fils|filles?|frères?|sœurs?|soeurs?|maison|appartement|voiture|jardin|bateau|chevaux|cheval)\b.*",
            None,
        ),
        (
            Fact,
            r"(?:mon|ma|mes) (?:[\p{L}-]+ )?(?:femme|mari|compagne|compagnon|copain|copine|fils|fille|enfants|mère|père|parents|frère|sœur|chien|chat|chatte|patron|patronne|équipe|entreprise) (?:s'appelle|s'appellent|travaille|habite|vit|est un|est une|a|aime|parle|joue|étudie|vient de) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"je (?:parle|joue|pratique|conduis|étudie|enseigne|collectionne|utilise) (?:aussi |actuellement |souvent |régulièrement )*(?P<o>.+)",
            None,
        ),
        (
            Decision,
            r"(?:j'ai|nous avons|on a) (?:finalement |enfin )*(?:décidé|choisi|convenu) (?:de|d'|que) ?(?P<o>.+)",
            None,
        ),
        (HowTo, r"(?:à partir de maintenant|désormais),? .+", None),
        (
            HowTo,
            r"(?:merci de |veuillez )?(?:réponds|répondez|utilise|utilisez|écris|écrivez|explique|expliquez) (?:-moi )?toujours .+",
            None,
        ),
        (
            HowTo,
            r"(?:j'utilise|je commence|je fais|je prends|je mets|j'écris|je mange|je bois|je travaille|nous utilisons) (?:toujours|généralement|normalement) (?P<o>.+)",
            None,
        ),
        (
            Event,
            r"(?:j'ai|nous avons|on a) (?:enfin |récemment )*(?:déménagé|emménagé|adopté|rejoint|fondé|gagné|réussi|obtenu|démissionné|terminé|publié|acheté (?:un|une|notre)) ?(?P<o>.*)",
            None,
        ),
        (
            Event,
            r"(?:je me suis|nous nous sommes) (?:enfin |récemment )*(?:mariée?s?|inscrite?s?|installée?s?|fiancée?s?)\b.*",
            None,
        ),
        (
            Dated,
            r"(?:j'ai|nous avons|on a|je suis|nous sommes|on est|je vais|nous allons|hier|aujourd'hui|demain|la semaine|le mois|samedi|dimanche) .+",
            None,
        ),
    ],
    dates: &[
        (r"avant-hier", Meaning::Day(-2)),
        (r"hier", Meaning::Day(-1)),
        (r"aujourd'hui|ce matin|ce soir", Meaning::Day(0)),
        (r"après-demain", Meaning::Day(2)),
        (r"demain", Meaning::Day(1)),
        (
            r"il y a (?P<n>\d{1,3}|une?|deux|trois|quatre|cinq|six) (?P<unit>jours?|semaines?|mois|ans?|années?)",
            Meaning::Away(-1),
        ),
        (
            r"dans (?P<n>\d{1,3}|une?|deux|trois|quatre|cinq|six) (?P<unit>jours?|semaines?|mois|ans?|années?)",
            Meaning::Away(1),
        ),
        (r"(?P<weekday>lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) dernier", Meaning::Weekday(-1)),
        (r"(?P<weekday>lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) prochain", Meaning::Weekday(1)),
        (r"le week-?end dernier", Meaning::Weekend(-1)),
        (r"le week-?end prochain", Meaning::Weekend(1)),
        (r"(?:la|le|l') ?(?P<unit>semaine|mois|année|an) (?:dernière?|passée?)", Meaning::Unit(-1)),
        (r"(?:la|le|l') ?(?P<unit>semaine|mois|année|an) prochaine?", Meaning::Unit(1)),
        (
            r"(?:le )?(?P<day>\d{1,2})(?:er)? (?P<month>janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?: (?P<year>(?:19|20)\d\d))?",
            Meaning::Calendar,
        ),
        (
            r"(?:en )?(?P<month>janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre) (?P<year>(?:19|20)\d\d)",
            Meaning::Span,
        ),
        (r"(?:en|depuis) (?P<year>(?:19|20)\d\d)", Meaning::Span),
    ],
};
