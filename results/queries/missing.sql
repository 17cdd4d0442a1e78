-- Cells without a result, and why.
-- study: the study's name
SELECT stage, arm, seed, replicate, cell, state, attempts, failure, error FROM cells
WHERE study = :study AND test_accuracy IS NULL ORDER BY position
