-- Groups of a plan by their content, and those that are left to decide, without a walk over the plan.
CREATE INDEX plan_group_hash ON plan_group (plan, hash);
CREATE INDEX plan_copy_undecided ON plan_copy (plan, group_number) WHERE decision = 0;
