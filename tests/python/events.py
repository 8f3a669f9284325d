"""What TensorBoard reads in a folder of event files, as JSON: (step, value) of each scalar, the number of images of each tag."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import IMAGES, SCALARS, EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={SCALARS: 0, IMAGES: 0})
events.Reload()
tags = events.Tags()
json.dump(
    {
        "scalars": {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags[SCALARS]},
        "images": {tag: len(events.Images(tag)) for tag in tags[IMAGES]},
    },
    sys.stdout,
)
