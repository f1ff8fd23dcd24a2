// Times as people read them. The page speaks English; the hours follow the reader's own habit.

const kTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const kDay = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const kDayOfYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const kFull = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

export function time_of_day(timestamp: number): string {
  return kTime.format(timestamp);
}

export function full_time(timestamp: number): string {
  return kFull.format(timestamp);
}

export function day_label(timestamp: number, now: number): string {
  const days = Math.round((midnight(now) - midnight(timestamp)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return Math.abs(days) < 180 ? kDay.format(timestamp) : kDayOfYear.format(timestamp);
}

function midnight(timestamp: number): number {
  const day = new Date(timestamp);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
