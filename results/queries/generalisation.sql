-- How far training and test accuracy lie apart, by arm.
-- study: the study's name
SELECT stage, arm, count(*) AS cells, avg(train_accuracy) AS train, avg(test_accuracy) AS test, avg(train_accuracy - test_accuracy) AS gap
FROM runs WHERE study = :study AND current AND state = 'done' GROUP BY stage, arm ORDER BY gap DESC
