"""Pictures that this package draws and that a Wikipedia article really shows.

With them the bot can be tried without a dump, and without a file of anybody else's.  They are told
apart by their fingerprints: a test measures every pair.
"""

import unicodedata
from collections.abc import Callable

from bot.demo.gallery import (
    astronomy,
    automata,
    curves,
    diagrams,
    flags,
    fractals,
    illusions,
    recursion,
    solids,
    tilings,
)
from bot.demo.gallery.model import Drawing

__all__ = ["Drawing", "gallery"]


def gallery() -> tuple[Drawing, ...]:
    """Every drawing, in the order in which they are shown; slugs, titles and files are unique."""
    return tuple(_drawing(*entry) for entry in _entries())


def _entries() -> tuple[tuple[str, str, Callable[[], bytes]], ...]:
    """Titles of articles, extensions of files, and who draws them."""
    return (
        ("Mandelbrot_set", "png", fractals.mandelbrot_set),
        ("Julia_set", "jpg", fractals.julia_set),
        ("Burning_Ship_fractal", "jpg", fractals.burning_ship),
        ("Newton_fractal", "png", fractals.newton_fractal),
        ("Lyapunov_fractal", "jpg", fractals.lyapunov_fractal),
        ("Barnsley_fern", "png", recursion.barnsley_fern),
        ("Sierpiński_triangle", "svg", recursion.sierpinski_triangle),
        ("Sierpiński_carpet", "png", recursion.sierpinski_carpet),
        ("Koch_snowflake", "svg", recursion.koch_snowflake),
        ("Dragon_curve", "webp", recursion.dragon_curve),
        ("Hilbert_curve", "svg", recursion.hilbert_curve),
        ("Apollonian_gasket", "svg", recursion.apollonian_gasket),
        ("Pythagoras_tree_(fractal)", "png", recursion.pythagoras_tree),
        ("Menger_sponge", "png", recursion.menger_sponge),
        ("Lorenz_system", "jpg", curves.lorenz_system),
        ("Logistic_map", "png", curves.logistic_map),
        ("Lissajous_curve", "svg", curves.lissajous_curve),
        ("Spirograph", "webp", curves.spirograph),
        ("Ulam_spiral", "png", curves.ulam_spiral),
        ("Fermat's_spiral", "svg", curves.fermats_spiral),
        ("Golden_spiral", "svg", curves.golden_spiral),
        ("Rose_(mathematics)", "png", curves.rose),
        ("Penrose_tiling", "webp", tilings.penrose_tiling),
        ("Truchet_tiling", "svg", tilings.truchet_tiling),
        ("Voronoi_diagram", "png", tilings.voronoi_diagram),
        ("Chessboard", "svg", tilings.chessboard),
        ("Rhombille_tiling", "svg", tilings.rhombille_tiling),
        ("Trihexagonal_tiling", "svg", tilings.trihexagonal_tiling),
        ("Maze_generation_algorithm", "png", tilings.maze),
        ("Go_(game)", "svg", tilings.go_board),
        ("Conway's_Game_of_Life", "png", automata.game_of_life),
        ("Rule_30", "png", automata.rule_30),
        ("Rule_110", "png", automata.rule_110),
        ("Langton's_ant", "png", automata.langtons_ant),
        ("Abelian_sandpile_model", "png", automata.abelian_sandpile),
        ("Ebbinghaus_illusion", "svg", illusions.ebbinghaus),
        ("Café_wall_illusion", "svg", illusions.cafe_wall),
        ("Grid_illusion", "svg", illusions.hermann_grid),
        ("Penrose_triangle", "svg", illusions.penrose_triangle),
        ("Fraser_spiral_illusion", "jpg", illusions.fraser_spiral),
        ("Illusory_contours", "svg", illusions.kanizsa_triangle),
        ("Moiré_pattern", "png", illusions.moire_pattern),
        ("Necker_cube", "svg", illusions.necker_cube),
        ("Checker_shadow_illusion", "jpg", illusions.checker_shadow),
        ("Pythagorean_theorem", "svg", diagrams.pythagorean_theorem),
        ("Venn_diagram", "png", diagrams.venn_diagram),
        ("Normal_distribution", "png", diagrams.normal_distribution),
        ("Color_wheel", "png", diagrams.color_wheel),
        ("Additive_color", "webp", diagrams.additive_color),
        ("Taijitu", "svg", diagrams.taijitu),
        ("Smiley", "svg", diagrams.smiley),
        ("Pie_chart", "svg", diagrams.pie_chart),
        ("Hazard_symbol", "svg", diagrams.hazard_trefoil),
        ("Peace_symbols", "svg", diagrams.peace_symbol),
        ("Reuleaux_triangle", "svg", diagrams.reuleaux_triangle),
        ("Tesseract", "svg", diagrams.tesseract),
        ("Torus", "png", solids.torus),
        ("Möbius_strip", "png", solids.mobius_strip),
        ("Klein_bottle", "png", solids.klein_bottle),
        ("Solar_System", "jpg", astronomy.solar_system),
        ("Lunar_phase", "jpg", astronomy.lunar_phase),
        ("Orion_(constellation)", "svg", astronomy.orion),
        ("Kepler's_laws_of_planetary_motion", "png", astronomy.keplers_ellipse),
        ("Flag_of_Japan", "svg", flags.japan),
        ("Flag_of_Bangladesh", "svg", flags.bangladesh),
        ("Flag_of_Norway", "svg", flags.norway),
        ("Flag_of_Switzerland", "svg", flags.switzerland),
        ("Flag_of_Greece", "svg", flags.greece),
        ("Flag_of_the_United_States", "svg", flags.united_states),
        ("Union_Jack", "svg", flags.union_jack),
        ("Flag_of_South_Africa", "svg", flags.south_africa),
        ("Flag_of_Seychelles", "svg", flags.seychelles),
        ("Flag_of_Trinidad_and_Tobago", "svg", flags.trinidad_and_tobago),
        ("Flag_of_the_Czech_Republic", "svg", flags.czech_republic),
        ("Flag_of_South_Korea", "svg", flags.south_korea),
        ("Flag_of_Nepal", "svg", flags.nepal),
    )


def _drawing(title: str, extension: str, draw: Callable[[], bytes]) -> Drawing:
    """The slug of ``Café_wall_illusion`` is ``cafe_wall_illusion``; quotes and brackets go."""
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    name = "".join(c for c in letters if c.isalnum() or c == "_")
    return Drawing(name.lower(), title, f"{name}.{extension}", draw)
