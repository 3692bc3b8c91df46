"""The pages on which a company is linked: intent, edition, way back, first sync."""
