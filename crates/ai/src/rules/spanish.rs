//! Spanish.

use super::Language;
use super::Sort::{Dated, Decision, Event, Fact, HowTo, Preference};
use super::dates::Meaning;

pub(super) static SPANISH: Language = Language {
    openers: "sí|no,|bueno|pues|ah|oh|vale|ok|gracias|por cierto|y|pero|además|la verdad|hola|también|es que|de hecho|lamentablemente|por suerte",
    vetoes: r#"[?¿]|\b(?:si|sería|podría|quisiera|gustaría|hubiera|habría|quizás|quizá|tal vez|imagina|supongamos|por ejemplo|como si)\b|["\u{ab}\u{bb}]"#,
    pointing: "eso|esto|ese|esa|este|esta|esos|esas|estos|estas|él|ella|ellos|ellas|tu|tus|su|aquí|allí|que|cómo|cuando|donde|no|muy|todo|nada|ambos",
    rules: &[
        (Fact, r"(?:me llamo|mi nombre es|llámame) (?P<o>(?-i:\p{Lu})[\p{L} '-]{1,60})[.!]?$", Some("name")),
        (
            Fact,
            r"(?:yo )?(?:vivo|vivimos) (?:ahora |actualmente |todavía )*(?:en|cerca de) (?P<o>.+)",
            Some("home"),
        ),
        (Fact, r"(?:yo )?trabajo (?:ahora |actualmente |todavía )*(?:como|de) (?P<o>.+)", Some("work as")),
        (Fact, r"(?:yo )?trabajo (?:ahora |actualmente |todavía )*(?:para) (?P<o>.+)", Some("work for")),
        (Fact, r"(?:yo )?trabajo (?:ahora |actualmente |todavía )*(?:en) (?P<o>.+)", None),
        (
            Preference,
            r"mis? (?P<slot>[\p{L} ]{2,40}?) (?:favorit|preferid)[oa]s? (?:es|son|siempre ha sido) (?P<o>.+)",
            Some("favourite"),
        ),
        (Fact, r"mi cumpleaños es (?P<o>.+)", Some("my birthday")),
        (
            Preference,
            r"(?:a mí )?(?:me gustan?|me encantan?|prefiero|odio|adoro|detesto|disfruto|no me gustan?|no soporto) (?:mucho |muchísimo |más |realmente )*(?P<o>.+)",
            None,
        ),
        (
            Preference,
            r"soy (?:un |una )?(?:gran |muy )?(?:fan de|aficionad[oa] a|fanátic[oa] de|apasionad[oa] de) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"(?:soy|estoy) (?:también |actualmente )*(?:vegetarian[oa]|vegan[oa]|casad[oa]|solter[oa]|divorciad[oa]|comprometid[oa]|embarazada|zurd[oa]|diestr[oa]|diabétic[oa]|jubilad[oa]|alérgic[oa] a|intolerante a|de)\b (?P<o>.*)",
            None,
        ),
        (
            Fact,
            r"(?:soy|estoy) (?:vegetarian[oa]|vegan[oa]|casad[oa]|solter[oa]|divorciad[oa]|embarazada|zurd[oa]|diabétic[oa]|jubilad[oa])[.!]?$",
            None,
        ),
        (
            Fact,
            r"soy (?:un |una )?(?:ingenier[oa]|desarrollador|desarrolladora|programador|programadora|profesor|profesora|maestr[oa]|médic[oa]|enfermer[oa]|abogad[oa]|estudiante|arquitect[oa]|músic[oa]|diseñador|diseñadora|fotógraf[oa]|periodista|cociner[oa]|escritor|escritora)\b.*",
            None,
        ),
        (Fact, r"tengo \d{1,3} años\b.*", Some("age")),
        (Fact, r"nací en (?P<o>.+)", None),
        (
            Fact,
            r"(?:tengo|tenemos) (?:también )?(?:un|una|dos|tres|cuatro|cinco|\d+) (?:[\p{L}-]+ ){0,2}?(?:perr[oa]s?|gat[oa]s?|hij[oa]s?|herman[oa]s?|niet[oa]s?|casa|piso|apartamento|coche|carro|jardín|barco|caballos?)\b.*",
            None,
        ),
        (
            Fact,
            r"mis? (?:[\p{L}-]+ )?(?:esposa|esposo|marido|mujer|novi[oa]|pareja|hij[oa]|hijos|madre|padre|mamá|papá|padres|herman[oa]|perr[oa]|gat[oa]|jefe|jefa|equipo|empresa) (?:se llama|se llaman|trabaja|vive|es un|es una|tiene|le gusta|habla|juega|estudia|viene de) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"(?:yo )?(?:hablo|juego|toco|practico|estudio|enseño|colecciono|uso|utilizo|conduzco) (?:también |actualmente |normalmente )*(?P<o>.+)",
            None,
        ),
        (
            Decision,
            r"(?:he|hemos|ya he) (?:finalmente |por fin )*(?:decidido|elegido|acordado) (?P<o>.+)",
            None,
        ),
        (Decision, r"(?:decidí|decidimos|acordamos) (?P<o>.+)", None),
        (HowTo, r"(?:a partir de ahora|de ahora en adelante),? .+", None),
        (HowTo, r"(?:por favor,? )?(?:responde|usa|utiliza|escribe|explica|contesta) siempre .+", None),
        (
            HowTo,
            r"(?:siempre|normalmente|nunca) (?:uso|utilizo|empiezo|hago|tomo|pongo|escribo|como|bebo|trabajo|usamos) (?P<o>.+)",
            None,
        ),
        (
            Event,
            r"(?:me|nos) (?:mudé|mudamos|casé|casamos|gradué|inscribí|apunté|uní|jubilé|comprometí)\b.*",
            None,
        ),
        (
            Event,
            r"(?:adopté|adoptamos|gané|ganamos|fundé|fundamos|renuncié|publiqué|aprobé|compré (?:un|una|mi)|compramos (?:un|una|nuestra)) (?P<o>.+)",
            None,
        ),
        (
            Dated,
            r"(?:fui|fuimos|tuve|tuvimos|conocí|visité|visitamos|empecé|terminé|vi|hice|hicimos|compré|viajé|viajamos|voy a|vamos a|ayer|anteayer|hoy|mañana|la semana|el mes|el sábado|el domingo) .+",
            None,
        ),
    ],
    dates: &[
        (r"anteayer|antes de ayer", Meaning::Day(-2)),
        (r"ayer|anoche", Meaning::Day(-1)),
        (r"hoy|esta mañana|esta noche", Meaning::Day(0)),
        (r"pasado mañana", Meaning::Day(2)),
        (r"mañana", Meaning::Day(1)),
        (
            r"hace (?P<n>\d{1,3}|una?|dos|tres|cuatro|cinco|seis) (?P<unit>días?|semanas?|mes(?:es)?|años?)",
            Meaning::Away(-1),
        ),
        (
            r"(?:dentro de|en) (?P<n>\d{1,3}|una?|dos|tres|cuatro|cinco|seis) (?P<unit>días?|semanas?|mes(?:es)?|años?)",
            Meaning::Away(1),
        ),
        (
            r"(?:el )?(?P<weekday>lunes|martes|miércoles|jueves|viernes|sábado|domingo) pasado",
            Meaning::Weekday(-1),
        ),
        (
            r"(?:el )?(?:próximo )(?P<weekday>lunes|martes|miércoles|jueves|viernes|sábado|domingo)",
            Meaning::Weekday(1),
        ),
        (r"el fin de semana pasado", Meaning::Weekend(-1)),
        (r"el próximo fin de semana", Meaning::Weekend(1)),
        (r"(?:la|el) (?P<unit>semana|mes|año) pasad[oa]", Meaning::Unit(-1)),
        (r"(?:la|el) (?:próxim[oa] (?P<unit>semana|mes|año))", Meaning::Unit(1)),
        (
            r"(?:el )?(?P<day>\d{1,2}) de (?P<month>enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)(?: (?:de|del) (?P<year>(?:19|20)\d\d))?",
            Meaning::Calendar,
        ),
        (
            r"(?:en )?(?P<month>enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre) (?:de|del) (?P<year>(?:19|20)\d\d)",
            Meaning::Span,
        ),
        (r"(?:en|desde) (?P<year>(?:19|20)\d\d)", Meaning::Span),
    ],
};
