import type { SamplePointView } from '../../../console/wire/samples.ts'

/** A line or a bar of a picture. */
export interface Series {
  readonly name: string
  readonly label: string
  /** Of Mantine's colours. */
  readonly color: string
  readonly of: (point: SamplePointView) => number
}

/** A picture of how something went over time. */
export interface Figure {
  readonly title: string
  readonly kind: 'area' | 'bars'
  readonly unit: 'count' | 'bytes'
  readonly series: readonly Series[]
}

export const figures: readonly Figure[] = [
  {
    title: 'Tunnels open',
    kind: 'area',
    unit: 'count',
    series: [
      {
        name: 'open',
        label: 'Most at once',
        color: 'blue.6',
        of: ({ tunnels_open }) => tunnels_open,
      },
    ],
  },
  {
    title: 'Bytes',
    kind: 'bars',
    unit: 'bytes',
    series: [
      { name: 'up', label: 'To services', color: 'blue.6', of: ({ bytes_up }) => bytes_up },
      { name: 'down', label: 'From services', color: 'teal.7', of: ({ bytes_down }) => bytes_down },
    ],
  },
  {
    title: 'Decisions',
    kind: 'bars',
    unit: 'count',
    series: [
      { name: 'allow', label: 'Allowed', color: 'teal.7', of: ({ decisions }) => decisions.allow },
      { name: 'deny', label: 'Refused', color: 'red.7', of: ({ decisions }) => decisions.deny },
      {
        name: 'signIn',
        label: 'Asked to sign in',
        color: 'blue.6',
        of: ({ decisions }) => decisions.sign_in,
      },
      {
        name: 'certificate',
        label: 'Asked for a certificate',
        color: 'orange.7',
        of: ({ decisions }) => decisions.client_certificate,
      },
    ],
  },
  {
    title: 'Sign-ins',
    kind: 'bars',
    unit: 'count',
    series: [
      { name: 'ok', label: 'Signed in', color: 'teal.7', of: ({ sign_ins }) => sign_ins.ok },
      { name: 'failed', label: 'Failed', color: 'red.7', of: ({ sign_ins }) => sign_ins.failed },
    ],
  },
]

/** Each point as a chart takes it; null where nothing was measured, which leaves a gap. */
export function toRows(
  { series }: Figure,
  points: readonly SamplePointView[],
): readonly Record<string, string | number | null>[] {
  return points.map((point) => ({
    at: point.at,
    ...Object.fromEntries(
      series.map(({ name, of }) => [name, point.measured ? of(point) : null] as const),
    ),
  }))
}

/** The highest that stands in a picture: of a step's bars, which stand on each other. */
export function highestOf({ series }: Figure, points: readonly SamplePointView[]): number {
  return Math.max(0, ...points.map((point) => series.reduce((sum, { of }) => sum + of(point), 0)))
}

/** Where an axis is marked, from 0 to beyond the highest: whole figures, or round ones of a unit of bytes. */
export function marksOf(highest: number, unit: Figure['unit']): readonly number[] {
  const base = unit === 'count' ? 1 : 1024 ** Math.max(0, Math.floor(Math.log2(highest || 1) / 10))
  const wanted = Math.max(highest / base / 4, base === 1 ? 1 : 0.25)
  const power = 10 ** Math.floor(Math.log10(wanted))
  const round = [1, 2, 2.5, 5, 10].find((step) => step * power >= wanted) ?? 10
  const step = (unit === 'count' ? Math.ceil(round * power) : round * power) * base
  const count = Math.max(1, Math.ceil(highest / step))
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}

/** What a picture comes to: the sum of a series, or the most of what is open at once. */
export function totalOf(
  figure: Figure,
  series: Series,
  points: readonly SamplePointView[],
): number {
  const values = points.map(series.of)
  return figure.kind === 'area'
    ? Math.max(0, ...values)
    : values.reduce((sum, value) => sum + value, 0)
}
