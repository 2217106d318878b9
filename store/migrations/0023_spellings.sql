-- Apostrophes, hyphens and blanks of all kinds are folded to one. The folded forms are computed anew after this step, in Go.
SELECT 1;
