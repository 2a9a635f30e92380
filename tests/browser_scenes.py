"""Every page the portal can show, each as a scene: its heading, and how to get there on a portal with a history.

Scenes stand alone: in any order, any number of times, on one portal.
"""

import browser_scenes_audit
import browser_scenes_cards
import browser_scenes_form
import browser_scenes_lists
import browser_scenes_outside
import browser_scenes_sites
import browser_scenes_wrong
from browser_stage import Scene

SCENES: dict[str, Scene] = {
    **browser_scenes_lists.SCENES,
    **browser_scenes_cards.SCENES,
    **browser_scenes_form.SCENES,
    **browser_scenes_sites.SCENES,
    **browser_scenes_outside.SCENES,
    **browser_scenes_audit.SCENES,
    **browser_scenes_wrong.SCENES,
}
