"""Forms as published: versions, media, and who may fetch them."""
