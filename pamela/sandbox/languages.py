"""The sentences of the sandbox's calls, in each of its languages."""

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """The topic of a task, guessed from its words."""

    BOOKING = "booking"
    CHANGE = "change"
    QUESTION = "question"
    OTHER = "other"


@dataclass(frozen=True)
class Dialogue:
    """The middle of a conversation: lines of the callee and the agent in turns, and the result."""

    lines: tuple[str, ...]
    result: str


@dataclass(frozen=True)
class Language:
    """The sentences of a language, with placeholders in braces."""

    words: dict[Topic, tuple[str, ...]]
    greetings: tuple[str, ...]
    introduction: str
    introduction_for: str
    purpose: str
    dialogues: dict[Topic, Dialogue]
    looking_up: str
    found: str
    not_found: str
    small_talk: tuple[str, str]
    thanks: str
    goodbye: str
    days: tuple[str, ...]
    weekend: tuple[str, ...]
    relative_days: tuple[str, ...]
    """Patterns of relative days such as tomorrow, longer ones first."""
    before_relative_day: tuple[tuple[str, str], ...]
    """Words before a day, with their replacement before a relative day."""
    before_date: str
    hours: tuple[str, ...]
    summary: str
    done: str
    cut_short: str
    apology: str
    unsettled: str
    replies: tuple[str, ...]
    no_answer: str
    busy: str
    broken_off: str


ENGLISH = Language(
    words={
        Topic.CHANGE: ("cancel", "reschedul", "postpone", "change", "move"),
        Topic.BOOKING: ("schedul", "book", "reserv", "appointment", "meeting", "table", "arrange"),
        Topic.QUESTION: ("check", "ask", "find out", "status", "when", "whether", "confirm", "tell", "how"),
    },
    greetings=("Hello?", "Hello, who is calling?", "Good morning, how can I help?"),
    introduction="Hello, this is {agent}, an AI assistant.",
    introduction_for="Hello, this is {agent}, an AI assistant calling on behalf of {caller}.",
    purpose="I am calling about the following: {task}.",
    dialogues={
        Topic.BOOKING: Dialogue(
            lines=(
                "Let me look at the calendar. What would suit you?",
                "Do you have anything on {day}?",
                "{day} is possible, at {hour} for example.",
                "{day} at {hour} is fine. Could you note that, please?",
                "Of course, I have written it down.",
            ),
            result="agreed on {day} at {hour}",
        ),
        Topic.CHANGE: Dialogue(
            lines=(
                "All right. Under which name would that be?",
                "Under the name {principal}.",
                "One moment. Yes, here it is. I have changed it for you.",
                "Could you confirm that in writing, please?",
                "Sure, there will be a message by {day}.",
            ),
            result="it has been changed; a written confirmation follows by {day}",
        ),
        Topic.QUESTION: Dialogue(
            lines=(
                "Yes, I can help you with that. What would you like to know?",
                "How things stand at the moment, and whether anything is still open.",
                "Everything is on track, and there will be news by {day}.",
                "So everything is on track, and there will be news by {day}.",
                "That is right.",
            ),
            result="everything is on track; there will be news by {day}",
        ),
        Topic.OTHER: Dialogue(
            lines=(
                "I see. What do you need from me?",
                "I would like to have this settled soon, if that is possible.",
                "It should be. I will see to it by {day}.",
                "Wonderful. So it will be settled by {day}.",
                "Yes, exactly.",
            ),
            result="it will be settled by {day}",
        ),
    },
    looking_up="One moment, please, I am looking that up.",
    found="Here is what I found: {result}.",
    not_found="I am sorry, I cannot look that up right now.",
    small_talk=("And another thing, while we are talking.", "Of course, please go on."),
    thanks="Thank you very much for your help. Goodbye!",
    goodbye="You are welcome. Goodbye!",
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    weekend=("Saturday", "Sunday"),
    relative_days=("the day after tomorrow", "tomorrow", "today", "tonight"),
    before_relative_day=(("on ", ""),),
    before_date="",
    hours=("nine", "ten", "half past ten", "two", "three"),
    summary="{task}: {result}.",
    done="{task}: done.",
    cut_short="{task}: the call ended before this was settled.",
    apology="I cannot see everything that I need right now, so I will call again about this. Thank you!",
    unsettled="{task}: not settled, as {tool} failed.",
    replies=("I see, thank you.", "All right.", "Understood, thank you."),
    no_answer="Nobody answered.",
    busy="The line was busy.",
    broken_off="The connection broke off during the conversation.",
)

SPANISH = Language(
    words={
        Topic.CHANGE: ("cancel", "cambi", "aplaz", "anul"),
        Topic.BOOKING: ("cita", "reserv", "reunión", "mesa", "program", "agend"),
        Topic.QUESTION: ("pregunt", "estado", "cuándo", "averigu", "confirm", "comprob", "consult"),
    },
    greetings=("¿Dígame?", "¿Hola, quién llama?", "Buenos días, ¿en qué puedo ayudarle?"),
    introduction="Hola, soy {agent}, una asistente de inteligencia artificial.",
    introduction_for="Hola, soy {agent}, una asistente de inteligencia artificial, y llamo de parte de {caller}.",
    purpose="Llamo por lo siguiente: {task}.",
    dialogues={
        Topic.BOOKING: Dialogue(
            lines=(
                "Déjeme ver la agenda. ¿Cuándo le vendría bien?",
                "¿Tienen algo libre el {day}?",
                "El {day} es posible, por ejemplo a las {hour}.",
                "El {day} a las {hour} está bien. ¿Puede anotarlo, por favor?",
                "Claro, ya está anotado.",
            ),
            result="acordado para el {day} a las {hour}",
        ),
        Topic.CHANGE: Dialogue(
            lines=(
                "De acuerdo. ¿A qué nombre está?",
                "A nombre de {principal}.",
                "Un momento. Sí, aquí está. Ya lo he cambiado.",
                "¿Podría confirmarlo por escrito, por favor?",
                "Por supuesto, recibirá un mensaje antes del {day}.",
            ),
            result="el cambio está hecho; la confirmación escrita llegará antes del {day}",
        ),
        Topic.QUESTION: Dialogue(
            lines=(
                "Sí, puedo ayudarle con eso. ¿Qué quiere saber?",
                "Cómo va el asunto y si queda algo pendiente.",
                "Todo va según lo previsto, y habrá noticias antes del {day}.",
                "Entonces todo va bien y habrá noticias antes del {day}.",
                "Así es.",
            ),
            result="todo va según lo previsto; habrá noticias antes del {day}",
        ),
        Topic.OTHER: Dialogue(
            lines=(
                "Entiendo. ¿Qué necesita de mí?",
                "Me gustaría dejarlo resuelto pronto, si es posible.",
                "Debería serlo. Me encargo antes del {day}.",
                "Estupendo. Entonces quedará resuelto antes del {day}.",
                "Sí, exactamente.",
            ),
            result="quedará resuelto antes del {day}",
        ),
    },
    looking_up="Un momento, por favor, lo estoy consultando.",
    found="Esto es lo que he encontrado: {result}.",
    not_found="Lo siento, ahora mismo no puedo consultarlo.",
    small_talk=("Y otra cosa, ya que estamos hablando.", "Claro, dígame."),
    thanks="Muchas gracias por su ayuda. ¡Adiós!",
    goodbye="De nada. ¡Adiós!",
    days=("lunes", "martes", "miércoles", "jueves", "viernes"),
    weekend=("sábado", "domingo"),
    relative_days=("pasado mañana", "(?<!la )mañana", "hoy"),
    before_relative_day=(("del ", "de "), ("el ", "")),
    before_date="",
    hours=("nueve", "diez", "diez y media", "cuatro", "cinco"),
    summary="{task}: {result}.",
    done="{task}: hecho.",
    cut_short="{task}: la llamada terminó antes de resolverlo.",
    apology="Ahora mismo no puedo ver todo lo que necesito, así que volveré a llamar. ¡Gracias!",
    unsettled="{task}: sin resolver, porque {tool} ha fallado.",
    replies=("Entiendo, gracias.", "De acuerdo.", "Comprendido, gracias."),
    no_answer="Nadie contestó.",
    busy="La línea estaba ocupada.",
    broken_off="La comunicación se cortó durante la conversación.",
)

FRENCH = Language(
    words={
        Topic.CHANGE: ("annul", "déplac", "report", "chang", "modifi"),
        Topic.BOOKING: ("rendez-vous", "réserv", "réunion", "table", "planifi", "organis"),
        Topic.QUESTION: ("demand", "statut", "quand", "vérifi", "confirm", "savoir", "renseign"),
    },
    greetings=("Allô ?", "Allô, qui est à l'appareil ?", "Bonjour, que puis-je faire pour vous ?"),
    introduction="Bonjour, ici {agent}, une assistante à intelligence artificielle.",
    introduction_for="Bonjour, ici {agent}, une assistante à intelligence artificielle ; j'appelle de la part de {caller}.",
    purpose="Je vous appelle à ce sujet : {task}.",
    dialogues={
        Topic.BOOKING: Dialogue(
            lines=(
                "Je regarde l'agenda. Qu'est-ce qui vous conviendrait ?",
                "Auriez-vous une possibilité {day} ?",
                "{day}, c'est possible, à {hour} par exemple.",
                "{day} à {hour}, c'est parfait. Pouvez-vous le noter, s'il vous plaît ?",
                "Bien sûr, c'est noté.",
            ),
            result="c'est convenu pour {day} à {hour}",
        ),
        Topic.CHANGE: Dialogue(
            lines=(
                "D'accord. C'est à quel nom ?",
                "Au nom de {principal}.",
                "Un instant. Oui, le voici. La modification est faite.",
                "Pourriez-vous le confirmer par écrit, s'il vous plaît ?",
                "Bien sûr, vous recevrez un message d'ici {day}.",
            ),
            result="la modification est faite ; la confirmation écrite arrivera d'ici {day}",
        ),
        Topic.QUESTION: Dialogue(
            lines=(
                "Oui, je peux vous renseigner. Que voulez-vous savoir ?",
                "Où en sont les choses, et s'il reste quelque chose à faire.",
                "Tout se passe comme prévu, et il y aura des nouvelles d'ici {day}.",
                "Donc tout se passe comme prévu, avec des nouvelles d'ici {day}.",
                "C'est exact.",
            ),
            result="tout se passe comme prévu ; il y aura des nouvelles d'ici {day}",
        ),
        Topic.OTHER: Dialogue(
            lines=(
                "Je vois. Qu'attendez-vous de moi ?",
                "J'aimerais que ce soit réglé bientôt, si c'est possible.",
                "Ça devrait l'être. Je m'en occupe d'ici {day}.",
                "Parfait. Ce sera donc réglé d'ici {day}.",
                "Oui, tout à fait.",
            ),
            result="ce sera réglé d'ici {day}",
        ),
    },
    looking_up="Un instant, s'il vous plaît, je vérifie.",
    found="Voici ce que j'ai trouvé : {result}.",
    not_found="Je suis désolée, je ne peux pas le vérifier pour le moment.",
    small_talk=("Et autre chose, pendant que nous y sommes.", "Bien sûr, je vous écoute."),
    thanks="Merci beaucoup pour votre aide. Au revoir !",
    goodbye="Je vous en prie. Au revoir !",
    days=("lundi", "mardi", "mercredi", "jeudi", "vendredi"),
    weekend=("samedi", "dimanche"),
    relative_days=("après-demain", "demain", "aujourd'hui"),
    before_relative_day=(),
    before_date="le ",
    hours=("neuf heures", "dix heures", "dix heures et demie", "quatorze heures", "quinze heures"),
    summary="{task} : {result}.",
    done="{task} : c'est fait.",
    cut_short="{task} : l'appel s'est terminé avant que ce soit réglé.",
    apology="Je ne peux pas voir tout ce qu'il me faut pour le moment, je rappellerai donc à ce sujet. Merci !",
    unsettled="{task} : pas réglé, car {tool} a échoué.",
    replies=("Je vois, merci.", "D'accord.", "C'est compris, merci."),
    no_answer="Personne n'a répondu.",
    busy="La ligne était occupée.",
    broken_off="La communication a été coupée pendant la conversation.",
)

GERMAN = Language(
    words={
        Topic.CHANGE: ("absag", "verschieb", "verleg", "änder", "stornier"),
        Topic.BOOKING: ("termin", "reserv", "buch", "tisch", "vereinbar", "treffen"),
        Topic.QUESTION: ("frag", "status", "wann", "prüf", "bestätig", "erkundig", "herausfind"),
    },
    greetings=("Ja, hallo?", "Hallo, wer spricht da?", "Guten Tag, was kann ich für Sie tun?"),
    introduction="Guten Tag, hier ist {agent}, eine KI-Assistentin.",
    introduction_for="Guten Tag, hier ist {agent}, eine KI-Assistentin. Ich rufe im Auftrag von {caller} an.",
    purpose="Es geht um Folgendes: {task}.",
    dialogues={
        Topic.BOOKING: Dialogue(
            lines=(
                "Ich sehe im Kalender nach. Was würde Ihnen passen?",
                "Haben Sie am {day} etwas frei?",
                "Am {day} ginge es, zum Beispiel um {hour}.",
                "Am {day} um {hour} passt gut. Könnten Sie das bitte eintragen?",
                "Gern, ist notiert.",
            ),
            result="vereinbart für {day} um {hour}",
        ),
        Topic.CHANGE: Dialogue(
            lines=(
                "In Ordnung. Auf welchen Namen läuft das?",
                "Auf den Namen {principal}.",
                "Einen Moment. Ja, hier ist es. Ich habe es geändert.",
                "Könnten Sie das bitte schriftlich bestätigen?",
                "Natürlich, Sie bekommen bis {day} eine Nachricht.",
            ),
            result="es ist geändert; die schriftliche Bestätigung kommt bis {day}",
        ),
        Topic.QUESTION: Dialogue(
            lines=(
                "Ja, da kann ich helfen. Was möchten Sie wissen?",
                "Wie es steht, und ob noch etwas offen ist.",
                "Es läuft alles nach Plan, und bis {day} gibt es Neuigkeiten.",
                "Es läuft also alles nach Plan, und bis {day} gibt es Neuigkeiten.",
                "Ganz genau.",
            ),
            result="es läuft alles nach Plan; bis {day} gibt es Neuigkeiten",
        ),
        Topic.OTHER: Dialogue(
            lines=(
                "Verstehe. Was brauchen Sie von mir?",
                "Ich würde das gern bald klären, wenn es möglich ist.",
                "Das sollte gehen. Ich kümmere mich bis {day} darum.",
                "Wunderbar. Dann ist es also bis {day} erledigt.",
                "Ja, genau.",
            ),
            result="es wird bis {day} erledigt",
        ),
    },
    looking_up="Einen Moment bitte, ich sehe nach.",
    found="Das habe ich gefunden: {result}.",
    not_found="Es tut mir leid, das kann ich gerade nicht nachsehen.",
    small_talk=("Und noch etwas, wenn wir schon sprechen.", "Gern, nur zu."),
    thanks="Vielen Dank für Ihre Hilfe. Auf Wiederhören!",
    goodbye="Gern geschehen. Auf Wiederhören!",
    days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
    weekend=("Samstag", "Sonntag"),
    relative_days=("übermorgen", "(?<!am )(?<!guten )morgen", "heute"),
    before_relative_day=(("am ", ""),),
    before_date="",
    hours=("neun Uhr", "zehn Uhr", "halb elf", "vierzehn Uhr", "fünfzehn Uhr"),
    summary="{task}: {result}.",
    done="{task}: erledigt.",
    cut_short="{task}: Das Gespräch endete, bevor das geklärt war.",
    apology="Ich kann gerade nicht alles sehen, was ich brauche, und rufe deshalb noch einmal an. Vielen Dank!",
    unsettled="{task}: nicht erledigt, weil {tool} fehlgeschlagen ist.",
    replies=("Verstehe, danke.", "In Ordnung.", "Alles klar, danke."),
    no_answer="Niemand hat abgenommen.",
    busy="Es war besetzt.",
    broken_off="Die Verbindung brach während des Gesprächs ab.",
)

LANGUAGES = {"en": ENGLISH, "es": SPANISH, "fr": FRENCH, "de": GERMAN}


def language_of(locale: str | None) -> Language:
    """Return the language of a BCP 47 tag, or English if the sandbox does not support it."""
    primary = (locale or "en").replace("_", "-").partition("-")[0].lower()
    return LANGUAGES.get(primary, ENGLISH)
