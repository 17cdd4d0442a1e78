-- A metric by the values of one axis, a row an arm and value.
-- study: the study's name
-- key: the axis, as strategy.cut or data.per_class
-- metric = test_accuracy: any that `cambium leaderboard --metric` takes
SELECT name, json_extract(axes, '$."' || :key || '"') AS value, n, mean, lo95, hi95 FROM means
WHERE study = :study AND metric = :metric AND chosen AND json_extract(axes, '$."' || :key || '"') IS NOT NULL ORDER BY name, value
