//! English.

use super::Language;
use super::Sort::{Dated, Decision, Event, Fact, HowTo, Preference};
use super::dates::Meaning;

pub(super) static ENGLISH: Language = Language {
    openers: "(?:hey|hi|hello|thanks|thank you|yeah|wow|oh|sure|yes|ok|no|awesome|great|cool|congrats|absolutely|totally|definitely),? (?-i:\\p{Lu})\\p{L}+[,!]|yeah|yep|yes|no|nope|well|oh|ooh|wow|aww?|ah|hmm|haha|lol|thanks|thank you|thx|ok|okay|sure|right|great|cool|nice|btw|by the way|fyi|actually|also|so|and|but|plus|besides|anyway|honestly|personally|to be honest|as for me|for me|for context|for reference|for what it's worth|just so you know|note that|please note that|remember that|please remember that|keep in mind that|you should know that|as you know|like i said|as i said|i mean|you know|hey|hi|hello|dear|guess what|good news|absolutely|definitely|totally|exactly|same here|me too|in fact|luckily|fortunately|unfortunately|recently|lately|nowadays",
    vetoes: r#"\?|\b(?:if|would|wouldn't|might|maybe|perhaps|possibly|wish|imagine|suppose|supposedly|hypothetically|pretend|could|let's say|act as|role ?play|what if|as if|not sure|i guess|for example|e\.g\.|lorem)\b|\b(?:there|it|this|that|him|them|these|those|ones?|so|to|too)[.!…]*$|\b(?:this|that|these|those) (?:city|world|place|one|way|thing|guy|stuff|kind|part|pic|photo)\b|\b(?:making|made) (?:him|her|them|you)\b|\b(?:for|to|with) you[.!…]*$|["\u{201c}\u{201d}]|\{\{|https?://.*https?://"#,
    pointing: "it|its|it's|this|that|that's|these|those|them|they|him|her|there|here|you|your|yours|how|what|when|why|where|which|who|the (?:idea|sound|look|looks|way|fact|thought|concept|answer|result|first|second|third|last one|other one|one|suggestion|part|vibe)|to (?:know|hear|see|say|think|thank|ask|be)|hearing|seeing that|one of (?:them|those|these)|all (?:of )?(?:it|this|that|these|those|them)|both|some of|so much|a lot$|more\\b|everything|anything|something|someone|nothing|such a|so\\b|too\\b|very\\b|really\\b|not\\b|no\\b",
    rules: &[
        (
            Fact,
            r"(?:my (?:full |first )?name is|i'm called|i am called|(?:you can |please )?call me) (?P<o>(?-i:\p{Lu})[\p{L}\p{M}' -]{1,60})[.!]?$",
            Some("name"),
        ),
        (
            Fact,
            r"i (?:currently |now |still )*(?:live|am living|reside|am based)(?: now| currently)? (?:in|near|outside) (?P<o>.+)",
            Some("home"),
        ),
        (
            Fact,
            r"i'm (?:currently |now |still )*(?:living|based) (?:in|near|outside) (?P<o>.+)",
            Some("home"),
        ),
        (
            Fact,
            r"we (?:currently |now |still )*(?:live|reside|are based) (?:in|near|outside) (?P<o>.+)",
            Some("home"),
        ),
        (Fact, r"i (?:currently |now |still )*work as (?P<o>.+)", Some("work as")),
        (Fact, r"i (?:currently |now |still )*work (?:for|at) (?P<o>.+)", Some("work for")),
        (Fact, r"i(?:'m| am) (?:currently |now |still )*(?:working|employed) (?:as|for|at) (?P<o>.+)", None),
        (Fact, r"i (?:currently |now |still )*work (?:in|with) (?P<o>.+)", None),
        (
            Preference,
            r"my (?:all-time |absolute |personal )?(?:favou?rite|preferred|go-to) (?P<slot>[\p{L}' -]{2,40}?)(?: of all time)? (?:is|are|has always been|will always be) (?P<o>.+)",
            Some("favourite"),
        ),
        (
            Fact,
            r"my (?P<slot>birthday|anniversary|hometown|home town|time ?zone|native language|mother tongue|blood type|shoe size|pronouns?|nationality) (?:is|are|falls) (?P<o>.+)",
            Some("my"),
        ),
        (
            Preference,
            r"i (?:really |absolutely |just |also |still |always |totally |especially |particularly |generally |usually |personally |definitely |mostly |much |do |strongly |honestly )*(?:love|like|enjoy|prefer|adore|hate|dislike|detest|loathe|can't stand|cannot stand|can't bear|don't (?:really )?(?:like|enjoy|care for)|do not (?:like|enjoy)) (?P<o>.+)",
            None,
        ),
        (
            Preference,
            r"i(?:'m| am) (?:really |very |also |so |totally |quite )*(?:not a fan of|(?:a )?(?:big |huge |massive )?fan of|into|obsessed with|passionate about|fond of|addicted to|keen on) (?P<o>.+)",
            None,
        ),
        (
            Preference,
            r"i(?:'ve| have) (?:always|never) (?:loved|liked|enjoyed|hated|wanted to|dreamed of|been (?:into|fascinated by|interested in|passionate about)) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"i(?:'m| am) (?:also |now |currently |severely |mildly |happily |recently )*(?:a )?(?:strict )?(?:vegan|vegetarian|pescatarian|married|single|divorced|engaged|widowed|diabetic|lactose[- ]intolerant|gluten[- ]free|colou?r[- ]?blind|left-handed|right-handed|dyslexic|pregnant|retired|unemployed|self-employed|bilingual|transgender|gay|lesbian|bisexual|jewish|muslim|christian|buddhist|hindu)\b.*",
            None,
        ),
        (
            Fact,
            r"i(?:'m| am) (?:also |originally |currently |very |really |severely |now |deathly )*(?:allergic to|intolerant to|originally from|from|afraid of|scared of|terrified of|learning|studying|training for|majoring in|responsible for|interested in) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"i(?:'m| am) (?:also |currently |now |still )*an? (?:\p{L}+[ -]){0,3}?(?:\p{L}+(?:ist|ician|eer|ographer|analyst)|engineer|developer|programmer|designer|manager|teacher|nurse|doctor|lawyer|writer|author|student|musician|singer|painter|photographer|carpenter|chef|cook|driver|founder|freelancer|consultant|researcher|professor|accountant|architect|mechanic|farmer|gardener|runner|cyclist|climber|surfer|dancer|actor|actress|single (?:mom|mum|mother|dad|father|parent)|mother|father|parent|veteran|immigrant|introvert|extrovert|night owl|early bird|morning person)\b.*",
            None,
        ),
        (Fact, r"i(?:'m| am) \d{1,3} years old.*", Some("age")),
        (Fact, r"i (?:just )?turned \d{1,3}\b.*", Some("age")),
        (Fact, r"i (?:grew up|was born|was raised|come) (?:in|on|from|near|at) (?P<o>.+)", None),
        (
            Fact,
            r"(?:i|we)(?:'ve| have)? (?:also |only |got |both )*(?:have|own|got|adopted) (?:a|an|one|two|three|four|five|six|\d+|some|twin) (?:[\p{L}-]+ ){0,3}?(?:dogs?|cats?|pupp(?:y|ies)|kittens?|pets?|horses?|rabbits?|birds?|parrots?|guinea pigs?|hamsters?|turtles?|snakes?|fish|chickens?|sons?|daughters?|kids?|child|children|grandchild(?:ren)?|brothers?|sisters?|siblings?|twins|stepson|stepdaughter|husband|wife|allerg(?:y|ies)|house|apartment|cabin|farm|car|truck|motorcycle|boat|garden|degree|phd|master's|bachelor's)\b.*",
            None,
        ),
        (
            Fact,
            r"my (?:[\p{L}-]+ ){0,2}?(?:wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|spouse|son|daughter|kids?|child|children|mom|mum|mother|dad|father|parents|brothers?|sisters?|siblings?|grandma|grandmother|grandpa|grandfather|aunt|uncle|cousin|niece|nephew|dogs?|cats?|puppy|kitten|horse|boss|manager|colleague|best friend|roommate|team|company|startup|car|laptop|phone)(?:'s)? (?:names? (?:is|are)|is called|are called|is named|are named|was born|works|lives?|has|have|loves?|likes?|hates?|speaks?|plays?|teaches|studies|is an?|is allergic to|is from|uses?|runs on) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"(?:i|we)(?:'ve| have) been (?:\p{L}+ly )?(?:married|together|friends|working|living|coding|programming|writing|using|doing|making|dating|vegan|vegetarian|a|an)\b.* (?:for|since) .+",
            None,
        ),
        (
            Fact,
            r"(?:i|we)(?:'ve| have) been (?:\p{L}+ly )?(?:playing|learning|studying|teaching|painting|running|practi[cs]ing|collecting|training|dancing|volunteering|drawing|singing|gardening|cooking|baking|hiking|swimming|cycling|climbing|knitting|sewing|going to) (?P<o>.+)",
            None,
        ),
        (
            Fact,
            r"i (?:also |currently |mostly |mainly |usually |regularly |often |sometimes |always )*(?:speak|play|drive|practi[cs]e|teach|volunteer|collect|paint|bake|run|code in|program in|write in|use|own) (?P<o>.+)",
            None,
        ),
        (
            Decision,
            r"(?:i|we)(?:'ve| have)? (?:finally |just |both |also |now |already )*(?:decided|chosen|agreed|settled|opted) (?:to|on|not to|that|against|for) (?P<o>.+)",
            None,
        ),
        (
            Decision,
            r"(?:i|we)(?:'re|'m| are| am) (?:now |definitely |finally )*(?:going with|sticking with|switching to|moving to|dropping|standardi[sz]ing on) (?P<o>.+)",
            None,
        ),
        (Decision, r"(?:i|we)(?:'ll| will) (?:use|go with|stick with|stick to|switch to) (?P<o>.+)", None),
        (HowTo, r"from now on,? .+", None),
        (
            HowTo,
            r"(?:please )?(?:always|never) (?:use|write|add|include|ask|answer|reply|respond|run|call|put|start|end|format|keep|check|explain|show|give me|tell me|address|commit|push|test|name|prefer|avoid|delete|change|touch|assume|mention|translate|speak|talk|cite|quote) .+",
            None,
        ),
        (HowTo, r"(?:please )?(?:make sure|remember) to always .+", None),
        (
            HowTo,
            r"(?:whenever|every time|each time|before|after|when) (?:i|we) [^,]{3,80}, (?:i|we) (?:always|usually|first|never|make sure|normally|typically) .+",
            None,
        ),
        (
            HowTo,
            r"(?:i|we) (?:always|usually|normally|typically) (?:use|write|start|begin|run|check|make|do|put|keep|wake|get up|go to|take|drink|eat|cook|order|buy|work|train|review|deploy|commit|test|sleep|meet|read|listen) (?P<o>.+)",
            None,
        ),
        (
            HowTo,
            r"(?:i|we) never (?:use|eat|drink|work|deploy|commit|buy|take|wear|watch|read|answer|go) (?P<o>.+)",
            None,
        ),
        (
            Event,
            r"(?:i|we)(?:'ve| have)? (?:also |both |just |finally |recently |actually |even |already |officially )*(?:adopted|graduated|got (?:married|engaged|promoted|hired|fired|laid off|divorced|accepted|certified)|enrolled|signed up|joined|moved (?:to|in|into|out|from|back)|quit|launched|published|won|passed|founded|opened (?:a|my|our)|retired|was diagnosed|had surgery|gave birth|volunteered|hosted|organi[sz]ed|attended|(?:started|began|took up) (?:a|an|my|our|taking|learning|working|playing|doing|writing|practi[cs]ing|painting|teaching|volunteering|training|running|going)|completed|finished (?:my|our|a|the|writing|reading)|bought (?:a|an|my|our)|sold (?:a|my|our)|lost my (?:job|home|mother|father|mom|mum|dad|wife|husband|brother|sister|dog|cat|grand\p{L}+|best friend)|broke my|applied (?:to|for)|was (?:accepted|promoted|hired|fired)|accepted (?:a|an|the)|participated in|took part in|donated|raised|planted|built|created|designed|performed|presented|gave a (?:talk|speech)|ran a|hiked|climbed|painted|visited|travel(?:l)?ed to) (?P<o>.+)",
            None,
        ),
        (
            Dated,
            r"(?:i|we|my (?:[\p{L}-]+ ){0,2}?\p{L}+(?: and i)?|me and my [\p{L} ]{2,30})(?:'ve| have)? (?:also |both |just |finally |recently |actually |even |already )*(?:went|saw|met|had|got|made|did|took|gave|came|flew|drove|found|spent|started|began|finished|tried|ran|celebrated|cooked|baked|watched|read|learned|learnt|helped|received|ordered|returned|spoke|talked|called|booked|planned|checked out|hung out|stayed|visited|bought|swam|rode|played|wrote|sent|told|saw|was|were|left|lost|won|joined|attended|hosted|moved) (?P<o>.+)",
            None,
        ),
        (
            Dated,
            r"(?:i|we)(?:'m|'re| am| are) (?:also |both |finally |currently )*(?:going|planning|flying|moving|meeting|starting|having|taking|travel(?:l)?ing|visiting|attending|getting|hosting|running|leaving|presenting|performing|doing) (?P<o>.+)",
            None,
        ),
        (Dated, r"(?:i|we) (?:have|'ve got|plan) (?:a|an|my|our|to|the) (?P<o>.+)", None),
        (
            Event,
            r"(?:i|we)(?:'m|'re| am| are) (?:also |both |currently |now )*planning (?:to|on|a|an|my|our) (?P<o>.+)",
            None,
        ),
    ],
    dates: &[
        (r"the day before yesterday", Meaning::Day(-2)),
        (r"yesterday|last night", Meaning::Day(-1)),
        (r"today|tonight|this (?:morning|afternoon|evening)", Meaning::Day(0)),
        (r"the day after tomorrow", Meaning::Day(2)),
        (r"tomorrow", Meaning::Day(1)),
        (
            r"(?P<n>\d{1,3}|an?|one|two|a couple of|three|four|five|six|seven|eight|nine|ten) (?P<unit>days?|weeks?|months?|years?) (?:ago|back)",
            Meaning::Away(-1),
        ),
        (
            r"in (?P<n>\d{1,3}|an?|one|two|a couple of|three|four|five|six) (?P<unit>days?|weeks?|months?|years?)(?: from now)?",
            Meaning::Away(1),
        ),
        (
            r"(?:last|this past|past) (?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|fri|sat|sun)",
            Meaning::Weekday(-1),
        ),
        (
            r"(?:next|this coming) (?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
            Meaning::Weekday(1),
        ),
        (r"(?:last|this past|past|over the) weekend", Meaning::Weekend(-1)),
        (r"(?:next|this coming) weekend", Meaning::Weekend(1)),
        (r"last (?P<unit>week|month|year)", Meaning::Unit(-1)),
        (r"next (?P<unit>week|month|year)", Meaning::Unit(1)),
        (r"(?:earlier )?this (?P<unit>week|month|year)", Meaning::Unit(0)),
        (
            r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>(?:19|20)\d\d))?",
            Meaning::Calendar,
        ),
        (
            r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? (?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?:,? (?P<year>(?:19|20)\d\d))?",
            Meaning::Calendar,
        ),
        (r"(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)", Meaning::Calendar),
        (
            r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december),? (?P<year>(?:19|20)\d\d)",
            Meaning::Span,
        ),
        (r"(?:in|since|during|until|back in) (?P<year>(?:19|20)\d\d)", Meaning::Span),
    ],
};
