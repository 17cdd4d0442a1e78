-- The single cells with the best test accuracy. The best of many is lucky, too: compare arms.
-- study: the study's name
-- k = 10: how many
SELECT stage, arm, seed, cell, test_accuracy, seconds FROM cells
WHERE study = :study AND test_accuracy IS NOT NULL ORDER BY test_accuracy DESC LIMIT :k
