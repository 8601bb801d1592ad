"""Writes the sample documents in kb/samples/docs. Run once by hand; needs reportlab beside the
project's own dependencies (``uv pip install reportlab``)."""

import csv
import io
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pypandoc
import pypdfium2
from pptx import Presentation
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

DOCS = Path(__file__).parent.parent / "kb" / "samples" / "docs"


def word(
    name: str,
    title: str,
    sections: list[tuple[str, list[str]]],
    table: list[list[str]] | None = None,
) -> None:
    document = docx.Document()
    document.core_properties.title = title
    document.core_properties.author = "Lindental Transport Cooperative"
    document.add_heading(title, 0)
    for heading, paragraphs in sections:
        document.add_heading(heading, 1)
        for text in paragraphs:
            if text.startswith("- "):
                document.add_paragraph(text[2:], style="List Bullet")
            else:
                document.add_paragraph(text)
    if table:
        grid = document.add_table(rows=0, cols=len(table[0]))
        for row in table:
            cells = grid.add_row().cells
            for cell, text in zip(cells, row, strict=True):
                cell.text = text
    document.save(str(DOCS / name))


def pdf(target: Path | io.BytesIO, title: str, pages: list[list[tuple[str, str]]]) -> None:
    styles = getSampleStyleSheet()
    story = []
    for number, page in enumerate(pages):
        if number:
            story.append(PageBreak())
        for style, text in page:
            story += [Paragraph(text, styles[style]), Spacer(1, 6)]
    out = target if isinstance(target, io.BytesIO) else str(target)
    SimpleDocTemplate(
        out, pagesize=A4, title=title, author="Lindental Transport Cooperative"
    ).build(story)


def scan(name: str, title: str, page: list[tuple[str, str]]) -> None:
    buffer = io.BytesIO()
    pdf(buffer, title, [page])
    with pypdfium2.PdfDocument(buffer.getvalue()) as document:
        picture = document[0].render(scale=150 / 72, grayscale=True).to_pil()
    picture.save(DOCS / name, "PDF", resolution=150)


def main() -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    word(
        "staff-handbook.docx",
        "Staff Handbook",
        [
            (
                "Working hours",
                [
                    "The regular working week has 38.5 hours. Core time is from 9:30 to 15:00, Monday to Thursday.",
                    "Office staff may work from home on up to two days a week, agreed with their team lead. Drivers and workshop staff cannot work from home.",
                ],
            ),
            (
                "Annual leave",
                [
                    "Every full-time employee has 28 days of paid leave a year. Part-time staff receive leave in proportion to their working days.",
                    "Up to five days may be carried over into the next year; they lapse on 31 March.",
                    "Leave of more than three weeks in a row needs the approval of the head of department.",
                ],
            ),
            (
                "Illness",
                [
                    "Tell your team lead before 8:00 on the first day. A doctor's certificate is needed from the fourth day of absence.",
                    "Wages continue to be paid in full for six weeks.",
                ],
            ),
            (
                "Parental leave",
                [
                    "Parents may take 16 weeks of fully paid parental leave within the first year after birth or adoption.",
                ],
            ),
            (
                "Probation and notice",
                [
                    "The probation period lasts six months. During probation the notice period is two weeks; afterwards it is three months to the end of a quarter.",
                ],
            ),
            (
                "Uniforms",
                [
                    "Drivers receive two winter jackets and five shirts. Worn pieces are replaced free of charge at the depot store in Hall 3.",
                ],
            ),
        ],
    )
    word(
        "Reisekostenrichtlinie.docx",
        "Reisekostenrichtlinie",
        [
            (
                "Geltungsbereich",
                [
                    "Diese Richtlinie gilt für alle Dienstreisen der Beschäftigten der Lindental Verkehrsgenossenschaft."
                ],
            ),
            (
                "Genehmigung",
                [
                    "Dienstreisen mit voraussichtlichen Kosten über 500 Euro müssen vor der Buchung von der Abteilungsleitung genehmigt werden."
                ],
            ),
            (
                "Fahrtkosten",
                [
                    "Für Fahrten mit dem eigenen Auto werden 0,38 Euro pro Kilometer erstattet.",
                    "Bahnfahrten werden in der zweiten Klasse erstattet; ab vier Stunden Fahrzeit ist die erste Klasse erlaubt. Flüge sind nur erlaubt, wenn die Bahnfahrt länger als acht Stunden dauert.",
                ],
            ),
            (
                "Verpflegung und Unterkunft",
                [
                    "Das Tagegeld beträgt 28 Euro für jeden vollen Reisetag und 14 Euro für An- und Abreisetage.",
                    "Hotelkosten werden bis zu 120 Euro pro Nacht erstattet, in Großstädten bis zu 165 Euro.",
                ],
            ),
            (
                "Abrechnung",
                [
                    "Belege sind innerhalb von 30 Tagen nach Ende der Reise bei der Buchhaltung einzureichen. Später eingereichte Belege werden nicht erstattet."
                ],
            ),
        ],
    )
    word(
        "Protokoll-Betriebsrat-2025-04.docx",
        "Protokoll der Sitzung des Betriebsrats vom 14. April 2025",
        [
            (
                "Teilnehmende",
                [
                    "Anwesend: Miriam Vogt (Vorsitz), Jonas Keller, Aylin Demir, Peter Brandl. Entschuldigt: Sabine Roth."
                ],
            ),
            (
                "Beschlüsse",
                [
                    "- Der neue Dienstplan für die Linie 7 tritt am 1. Juni 2025 in Kraft.",
                    "- In der Werkstatt Süd wird ein zweiter Pausenraum eingerichtet; die Kosten betragen 18.400 Euro.",
                    "- Das Jobrad wird ab September mit 25 Euro im Monat bezuschusst.",
                ],
            ),
            (
                "Verschiedenes",
                [
                    "Aylin Demir berichtet über die Schulung zur Ersten Hilfe: 63 Beschäftigte haben teilgenommen.",
                    "Die nächste Sitzung findet am 19. Mai 2025 um 13 Uhr im Raum Ahorn statt.",
                ],
            ),
        ],
        table=[
            ["Punkt", "Verantwortlich", "Frist"],
            ["Dienstplan aushängen", "Jonas Keller", "20. Mai 2025"],
            ["Angebot Möbel einholen", "Peter Brandl", "5. Mai 2025"],
        ],
    )
    word(
        "guide-accueil.docx",
        "Guide d'accueil des voyageurs",
        [
            (
                "Personnes à mobilité réduite",
                [
                    "Une aide à la montée est possible si elle est demandée 24 heures à l'avance au 04 55 12 30 30. Tous les bus électriques ont une rampe automatique."
                ],
            ),
            (
                "Animaux",
                [
                    "Les petits animaux voyagent gratuitement dans un panier. Les chiens sans panier paient le demi-tarif et portent une muselière."
                ],
            ),
            (
                "Bagages",
                [
                    "Chaque voyageur peut emporter gratuitement deux bagages. Les poussettes sont acceptées si la place le permet."
                ],
            ),
            (
                "Retards",
                [
                    "En cas de retard de plus de 45 minutes, le billet est remboursé à 50 pour cent. La demande se fait en ligne dans les 14 jours."
                ],
            ),
        ],
    )
    pdf(
        DOCS / "annual-report-2025.pdf",
        "Annual Report 2025",
        [
            [
                ("Title", "Annual Report 2025"),
                ("Heading1", "The year at a glance"),
                (
                    "BodyText",
                    "In 2025 the Lindental Transport Cooperative carried 6.8 million passengers, 4 percent more than in the year before. Revenue rose to 14.2 million euros and the surplus was 310,000 euros.",
                ),
                (
                    "BodyText",
                    "At the end of the year 412 people worked for the cooperative, 96 of them part-time. The cooperative has 2,950 members.",
                ),
                ("Heading1", "Chair's letter"),
                (
                    "BodyText",
                    "We were founded in 1921 by eleven farmers who shared one milk lorry. The valley has changed, our purpose has not: everyone shall get where they need to go. Helena Marchetti, Chair",
                ),
            ],
            [
                ("Heading1", "Fleet and energy"),
                (
                    "BodyText",
                    "The fleet has 38 buses, 17 of which are electric. The electric buses drove 1.1 million kilometres and used 1.24 kWh per kilometre on average.",
                ),
                (
                    "BodyText",
                    "The solar roof of the South depot produced 286 megawatt hours, a fifth of the energy that the buses were charged with.",
                ),
                ("Heading1", "Punctuality"),
                (
                    "BodyText",
                    "91.3 percent of all trips arrived less than three minutes late. Line 7 was the least punctual line because of the bridge works in Aurach.",
                ),
            ],
            [
                ("Heading1", "Finances"),
                (
                    "BodyText",
                    "Fares brought in 8.9 million euros, public contracts 4.7 million euros and advertising 0.6 million euros. Staff costs were 9.1 million euros.",
                ),
                (
                    "BodyText",
                    "Investments amounted to 3.4 million euros, of which 2.2 million euros went into five new electric buses.",
                ),
                ("Heading1", "Outlook"),
                (
                    "BodyText",
                    "Fares will stay unchanged until July 2026. The North depot opens in May 2027.",
                ),
            ],
        ],
    )
    scan(
        "depot-inspection-scan.pdf",
        "Fire safety inspection",
        [
            ("Title", "Fire Safety Inspection Report"),
            (
                "BodyText",
                "Depot South, Mill Lane 8. Inspected on 12 March 2025 by Walter Huber, Fire Service Lindental.",
            ),
            (
                "BodyText",
                "All 24 fire extinguishers were checked. Two extinguishers in the paint shop had expired and were replaced on the spot.",
            ),
            (
                "BodyText",
                "The emergency exit in Hall 2 was blocked by pallets. The pallets were removed during the inspection.",
            ),
            (
                "BodyText",
                "The sprinkler system was last serviced in November 2023. The next inspection is due in March 2027.",
            ),
        ],
    )
    deck = Presentation()
    for title, points, notes in [
        ("Strategy 2030", ["Board meeting, 20 January 2026"], ""),
        (
            "All electric by 2030",
            [
                "The last diesel bus leaves the fleet in October 2030",
                "21 diesel buses remain to be replaced",
                "Budget for vehicles: 11.6 million euros",
            ],
            "The bank has confirmed the loan of 6 million euros at 2.9 percent.",
        ),
        (
            "North depot",
            [
                "Opening in May 2027",
                "Charging places for 24 buses",
                "Building costs: 9.5 million euros, 40 percent from the regional fund",
            ],
            "Ask the town of Aurach about the access road.",
        ),
        (
            "Night buses",
            [
                "Trial on Fridays and Saturdays from April 2026",
                "Three lines, hourly until 3:00",
                "Success means 35 passengers a trip on average",
            ],
            "",
        ),
    ]:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(points)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    deck.save(str(DOCS / "strategy-2030.pptx"))
    book = openpyxl.Workbook()
    buses = book.active
    buses.title = "Buses"
    buses.append(["Number", "Model", "Built", "Drive", "Kilometres", "Depot"])
    for row in [
        ("LT-101", "Solaris Urbino 12", 2022, "electric", 148200, "South"),
        ("LT-102", "Solaris Urbino 12", 2022, "electric", 151870, "South"),
        ("LT-107", "MAN Lion's City", 2015, "diesel", 612400, "South"),
        ("LT-112", "Mercedes eCitaro", 2024, "electric", 61300, "Aurach"),
        ("LT-118", "Mercedes Citaro", 2013, "diesel", 744950, "Aurach"),
        ("LT-121", "VDL Citea", 2025, "electric", 18040, "South"),
    ]:
        buses.append(row)
    service = book.create_sheet("Service")
    service.append(["Bus", "Date", "Work", "Costs in euros"])
    for row in [
        ("LT-107", "2025-02-11", "Gearbox replaced", 8740),
        ("LT-118", "2025-06-30", "Brakes, front axle", 2310),
        ("LT-101", "2025-09-02", "Battery check", 480),
    ]:
        service.append(row)
    book.save(DOCS / "fleet.xlsx")
    velo = """# Règlement des vélos partagés

## Tarifs

Les trente premières minutes coûtent 1,50 euro, chaque demi-heure suivante 1 euro. L'abonnement annuel coûte 45 euros et comprend 30 minutes par trajet.

## Caution et âge

Une caution de 40 euros est demandée lors de l'inscription. L'âge minimum est de 16 ans.

## Dommages

Tout dommage doit être signalé dans les deux heures par téléphone. En cas de vol, la franchise est de 250 euros.
"""
    pypandoc.convert_text(velo, "odt", format="md", outputfile=str(DOCS / "reglement-velos.odt"))
    (DOCS / "biglietti.html").write_text(
        """<!doctype html><html lang="it"><head><meta charset="utf-8"><title>Biglietti e abbonamenti</title></head><body>
<h1>Biglietti e abbonamenti</h1><h2>Biglietto singolo</h2><p>Il biglietto singolo costa 2,40 euro e vale 90 minuti su tutta la rete.</p>
<h2>Abbonamento mensile</h2><p>L'abbonamento mensile costa 58 euro; per gli studenti costa 39 euro con la tessera dello studente.</p>
<h2>Multe</h2><p>Chi viaggia senza biglietto paga una multa di 60 euro. Se si paga entro cinque giorni la multa scende a 45 euro.</p>
<h2>Oggetti smarriti</h2><p>L'ufficio oggetti smarriti si trova in Via della Stazione 12 ed è aperto dal lunedì al venerdì dalle 10 alle 16. Gli oggetti sono conservati per 90 giorni.</p>
<table><tr><th>Zona</th><th>Singolo</th><th>Giornaliero</th></tr><tr><td>1</td><td>2,40</td><td>6,00</td></tr><tr><td>1 e 2</td><td>3,60</td><td>8,50</td></tr></table>
</body></html>""",
        encoding="utf-8",
    )
    (DOCS / "it-notes.md").write_text(
        """# IT notes

## Help desk

The help desk answers at extension 4455 from 7:00 to 18:00. Outside these hours write to helpdesk@lindental.example.

## Passwords

Passwords have at least 14 characters. A forgotten password is reset at the help desk in person, with the staff card.

## Backups

Servers are backed up every night at 02:30 to the vault in Aurach. Backups are kept for 35 days; a restore is rehearsed every quarter.

## Guest Wi-Fi

The network is called Lindental-Guest. Vouchers are valid for 24 hours and are handed out at reception.
""",
        encoding="utf-8",
    )
    with (DOCS / "contacts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [
                ["Name", "Role", "Telephone", "Room"],
                ["Helena Marchetti", "Chair", "4401", "A 12"],
                ["Tobias Lang", "Head of operations", "4410", "B 03"],
                ["Nadia Ferrari", "Head of workshop", "4422", "Hall 1"],
                ["Claire Dubois", "Data protection officer", "4437", "A 07"],
                ["Samuel Okoro", "Accounts", "4448", "A 15"],
            ]
        )
    mail = EmailMessage()
    mail["From"] = "Ines Carvalho <i.carvalho@voltarra.example>"
    mail["To"] = "Tobias Lang <t.lang@lindental.example>"
    mail["Date"] = "Tue, 03 Feb 2026 10:12:00 +0100"
    mail["Subject"] = "Offer for 24 charging points, North depot"
    mail.set_content(
        "Dear Mr Lang,\n\nThank you for the visit last week. We offer 24 charging points of 150 kW for 612,000 euros, installation included.\n\n"
        "The offer is valid until 30 April 2026. Delivery takes 22 weeks from the order.\n\nThe warranty terms are in the attachment.\n\nKind regards\nInes Carvalho\n"
    )
    terms = docx.Document()
    terms.add_heading("Warranty terms for charging points", 0)
    terms.add_paragraph(
        "The warranty covers parts and labour for eight years. A technician is on site within six hours of a fault report."
    )
    terms.add_paragraph(
        "Damage by lightning is excluded unless the surge protection of type SPD-2 has been installed."
    )
    buffer = io.BytesIO()
    terms.save(buffer)
    mail.add_attachment(
        buffer.getvalue(),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="warranty-terms.docx",
    )
    (DOCS / "charging-points-offer.eml").write_bytes(mail.as_bytes())


if __name__ == "__main__":
    main()
