/** A moment for people, in UTC, with the day where that is another one than now: `15:04 UTC`. */
export function formatMoment(atMs: number, nowMs: number): string {
  const [day, time] = partsOf(atMs)
  return day === partsOf(nowMs)[0] ? `${time} UTC` : `${day} ${time} UTC`
}

function partsOf(atMs: number): readonly [day: string, time: string] {
  const text = new Date(atMs).toISOString()
  return [text.slice(0, 10), text.slice(11, 16)]
}
