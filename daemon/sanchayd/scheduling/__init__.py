"""When schedules run: cron expressions, nominal times and due runs, all pure; and the alarm that wakes the daemon."""
