"""The layer microscope: what one layer, image or container changed relative to another."""
