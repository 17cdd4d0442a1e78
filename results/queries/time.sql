-- Where the time went, by study and stage.
SELECT study, stage, count(*) AS cells, sum(seconds) / 3600 AS hours, avg(seconds) AS seconds_a_cell, max(seconds) AS longest FROM cells
WHERE seconds IS NOT NULL GROUP BY study, stage ORDER BY hours DESC
