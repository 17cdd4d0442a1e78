-- A metric by epoch, averaged over the cells of each arm.
-- study: the study's name
-- metric = train_loss: as in the view curves
SELECT stage, arm, step AS epoch, count(value) AS cells, avg(value) AS mean, min(value) AS least, max(value) AS most FROM curves
WHERE study = :study AND metric = :metric GROUP BY stage, arm, step ORDER BY stage, arm, step
