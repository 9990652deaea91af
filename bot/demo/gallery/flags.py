"""Flags, each by the construction that its country has published, as SVG."""

import math

from bot.demo.gallery.canvas import (
    Point,
    circle,
    line,
    number,
    path,
    polygon,
    rectangle,
    star,
    svg,
)


def japan() -> bytes:
    """Act on National Flag and Anthem, 1999: 2:3, a disc of three fifths of the height."""
    return svg(30, 20, [circle(15, 10, 6, "#bc002d")], paper="#ffffff")


def bangladesh() -> bytes:
    """Flag rules, 1972: 10:6, a disc of a fifth of the length, its centre at nine twentieths."""
    return svg(10, 6, [circle(4.5, 3, 2, "#f42a41")], paper="#006a4e")


def norway() -> bytes:
    """Flag act, 1821: 22:16, columns of 6, 1, 2, 1, 12 and rows of 6, 1, 2, 1, 6."""
    return svg(
        22,
        16,
        [
            rectangle(6, 0, 4, 16, "#ffffff"),
            rectangle(0, 6, 22, 4, "#ffffff"),
            rectangle(7, 0, 2, 16, "#00205b"),
            rectangle(0, 7, 22, 2, "#00205b"),
        ],
        paper="#ba0c2f",
    )


def switzerland() -> bytes:
    """Coat of arms act, 2017: a square of 32, arms 6 wide and 7 long."""
    return svg(
        32,
        32,
        [rectangle(6, 13, 20, 6, "#ffffff"), rectangle(13, 6, 6, 20, "#ffffff")],
        pixels=600,
        paper="#da291c",
    )


def greece() -> bytes:
    """Law 851/1978: 2:3, nine stripes, a canton of five stripes with a cross of one."""
    stripes = [rectangle(0, 2 * row, 27, 2, "#004c98") for row in range(0, 9, 2)]
    return svg(
        27,
        18,
        [
            *stripes,
            rectangle(0, 0, 10, 10, "#004c98"),
            rectangle(4, 0, 2, 10, "#ffffff"),
            rectangle(0, 4, 10, 2, "#ffffff"),
        ],
        paper="#ffffff",
    )


def united_states() -> bytes:
    """Executive Order 10834, 1959: 1:1.9, all measures as parts of the height."""
    height = 260.0
    stripes = [
        rectangle(0, row * height / 13, 1.9 * height, height / 13, "#b31942")
        for row in range(0, 13, 2)
    ]
    union = rectangle(0, 0, 0.76 * height, height * 7 / 13, "#0a3161")
    stars = [
        polygon(star(0.063 * height * column, 0.0538 * height * row, 0.0308 * height), "#ffffff")
        for row in range(1, 10)
        for column in range(1, 12)
        if (row + column) % 2 == 0
    ]
    return svg(1.9 * height, height, [*stripes, union, *stars], pixels=760, paper="#ffffff")


def union_jack() -> bytes:
    """1:2; crosses and saltires in fifteenths and tenths of the height, as flown since 1801."""
    root = math.sqrt(5)
    red, white, blue = "#c8102e", "#ffffff", "#012169"
    arms = []
    # Each red arm lies on one side of its half diagonal: below it at the hoist, above at the fly.
    for corner, side in (((0, 0), 1), ((0, 30), 1), ((60, 0), -1), ((60, 30), -1)):
        ahead = ((30 - corner[0]) / 15 / root, (15 - corner[1]) / 15 / root)
        across = (-ahead[1], ahead[0])
        if across[1] * side < 0:
            across = (-across[0], -across[1])
        start = (corner[0] - 3 * ahead[0], corner[1] - 3 * ahead[1])
        shift = (2 * across[0], 2 * across[1])
        arms.append(
            polygon(
                [
                    start,
                    (30, 15),
                    (30 + shift[0], 15 + shift[1]),
                    (start[0] + shift[0], start[1] + shift[1]),
                ],
                red,
            )
        )
    return svg(
        60,
        30,
        [
            line([(-6, -3), (66, 33)], white, 6),
            line([(-6, 33), (66, -3)], white, 6),
            *arms,
            rectangle(25, 0, 10, 30, white),
            rectangle(0, 10, 60, 10, white),
            rectangle(27, 0, 6, 30, red),
            rectangle(0, 12, 60, 6, red),
        ],
        pixels=800,
        paper=blue,
    )


def south_africa() -> bytes:
    """Constitution of 1996, schedule 1: 2:3, a pall of a fifth with edges of a fifteenth."""

    def pall(width: float, colour: str) -> str:
        centre_lines = (
            path([(-6, -4), (45, 30), (96, 30)], closed=False),
            path([(-6, 64), (45, 30)], closed=False),
        )
        return (
            f'<path fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="miter" d="{" ".join(centre_lines)}"/>'
        )

    def wedge(distance: float, colour: str) -> str:
        # The triangle at the hoist whose sides lie this far inside the centre lines.
        reach = distance * math.sqrt(13)
        return polygon([(0, reach / 3), (45 - reach / 2, 30), (0, 60 - reach / 3)], colour)

    return svg(
        90,
        60,
        [
            rectangle(0, 0, 90, 30, "#e03c31"),
            rectangle(0, 30, 90, 30, "#001489"),
            pall(20, "#ffffff"),
            pall(12, "#007749"),
            wedge(6, "#ffb81c"),
            wedge(10, "#000000"),
        ],
    )


def seychelles() -> bytes:
    """National symbols act, 1996: 1:2, bands from the lower hoist to thirds of top and fly."""
    corners = [(0, 0), (20, 0), (40, 0), (60, 0), (60, 10), (60, 20), (60, 30)]
    bands = [(0, 1, "#003d88"), (1, 2, "#fcd955"), (4, 5, "#ffffff"), (5, 6, "#007a39")]
    red = [(0.0, 30.0), *((float(x), float(y)) for x, y in corners[2:5])]
    return svg(
        60,
        30,
        [
            *(polygon([(0, 30), corners[a], corners[b]], colour) for a, b, colour in bands),
            polygon(red, "#d92223"),
        ],
        pixels=800,
    )


def trinidad_and_tobago() -> bytes:
    """3:5, a black bend of two fifteenths of the length between white ones of a thirtieth."""
    slope = [
        (0, 30, "#ffffff"),
        (5, 25, "#000000"),
    ]
    # The bend's edges meet the top edge at the corner and a fifth of the length from it.
    bends = [
        polygon([(a / 3, 0), (b / 3, 0), (50 - a / 3, 30), (50 - b / 3, 30)], colour)
        for a, b, colour in slope
    ]
    return svg(50, 30, bends, paper="#da1a35")


def czech_republic() -> bytes:
    """Act 3/1993: 2:3, white over red, a blue wedge that reaches the middle."""
    return svg(
        30,
        20,
        [rectangle(0, 10, 30, 10, "#d7141a"), polygon([(0, 0), (15, 10), (0, 20)], "#11457e")],
        paper="#ffffff",
    )


def south_korea() -> bytes:
    """Flag act, 2007: 2:3, a taegeuk of half the height, trigrams on the diagonals."""
    tilt = math.degrees(math.atan2(2, 3))
    taegeuk = (
        f'<g transform="translate(18,12) rotate({tilt:.4f})">'
        f"{circle(0, 0, 6, '#0f64cd')}"
        '<path fill="#cd2e3a" d="M-6,0 A6,6 0 0 1 6,0 A3,3 0 0 0 0,0 A3,3 0 0 1 -6,0z"/></g>'
    )
    trigrams = []
    # Bars from the outside in; 1 is whole, 0 broken.  Top left, bottom right, top right, left.
    for sign_x, sign_y, bars in ((-1, -1, "111"), (1, 1, "000"), (1, -1, "010"), (-1, 1, "101")):
        turn = math.degrees(math.atan2(sign_y * 2, sign_x * 3))
        parts = []
        for place, whole in enumerate(bars):
            x = 9 + 1.5 * place
            if whole == "1":
                parts.append(rectangle(x, -3, 1, 6, "#000000"))
            else:
                parts.append(rectangle(x, -3, 1, 2.75, "#000000"))
                parts.append(rectangle(x, 0.25, 1, 2.75, "#000000"))
        trigrams.append(f'<g transform="translate(18,12) rotate({turn:.4f})">{"".join(parts)}</g>')
    return svg(36, 24, [taegeuk, *trigrams], paper="#ffffff")


def nepal() -> bytes:
    """Schedule 1 of the constitution, 2015: a geometry in 24 steps; the letters are its own."""
    a_b = 3.0  # y grows upwards, with A at the origin, B to its right and C above it
    c_y = a_b * 4 / 3
    slant = a_b / math.sqrt(2)
    f_y = slant  # E, F and G share a height; E lies on BD as far from B as A does
    h_x = a_b / 4
    l_y = (c_y + f_y) / 2
    m_y = l_y + (f_y - l_y) * h_x / a_b
    n_y = m_y - abs(h_x + m_y - a_b) / math.sqrt(2)
    l_n, m_n = l_y - n_y, m_y - n_y
    m_q = math.sqrt(l_n**2 - (l_y - m_y) ** 2)
    t_n = m_n**2 / (2 * l_n)  # RS is the common chord of the circles round L and N
    t_s = math.sqrt(m_n**2 - t_n**2)
    t_m = m_n - t_n
    border = t_n

    def place(x: float, y: float) -> Point:
        return (x + border, c_y + 1.9 * border - y)

    outline = [place(0, 0), place(a_b, 0), place(a_b - slant, f_y), place(a_b, f_y), place(0, c_y)]
    t_point = place(h_x, n_y + t_n)
    rays = star(*t_point, t_s, points=16, inner=t_m / t_s)
    (p_x, p_y), (q_x, _) = place(h_x - m_q, m_y), place(h_x + m_q, m_y)
    crescent = (
        f"M{number(p_x)},{number(p_y)} "
        f"A{number(l_n)},{number(l_n)} 0 0 0 {number(q_x)},{number(p_y)} "
        f"A{number(m_q)},{number(m_q)} 0 0 1 {number(p_x)},{number(p_y)}z"
    )
    edge = f'stroke="#003893" stroke-width="{number(2 * border)}" stroke-miterlimit="8"'
    return svg(
        a_b + 4.7 * border,
        c_y + 2.9 * border,
        [
            polygon(outline, "#003893", edge),
            polygon(outline, "#dc143c"),
            f'<path fill="#ffffff" d="{crescent}"/>',
            circle(*t_point, t_m, "#ffffff"),
            polygon([(x, y) for x, y in rays if y < t_point[1] + 1e-9], "#ffffff"),
            polygon(star(*place(h_x, f_y / 2), l_n, points=12, inner=m_n / l_n), "#ffffff"),
        ],
        pixels=560,
    )
