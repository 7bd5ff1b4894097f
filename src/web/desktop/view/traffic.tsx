import { Text } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import type { TrafficSample } from '../../../desktop/wire/view.ts'
import { formatBytes } from '../../ui/format.ts'
import { useNow } from '../../ui/use-now.ts'
import { Card } from '../card.tsx'
import { words } from '../words.ts'
import { pictureOf, shownSeconds, type Bar } from './traffic-bars.ts'

const { one: said } = words

const height = 80
const barWidth = 8
const gap = 2

/** The bytes of the last minute, second by second; in words as well. */
export function Traffic({ samples }: { readonly samples: readonly TrafficSample[] }): ReactNode {
  // The second that has just begun has not been counted yet.
  const nowSecond = Math.floor(useNow() / 1_000) - 1
  const { bars, peak, total } = useMemo(() => pictureOf(samples, nowSecond), [samples, nowSecond])
  const width = shownSeconds * barWidth
  return (
    <Card title={said.traffic}>
      <Text>{said.trafficNow(formatBytes(total.up), formatBytes(total.down))}</Text>
      <div aria-hidden className="traffic">
        <div className="traffic-scale second">
          <span>{peak > 0 && said.peak(formatBytes(peak))}</span>
          <span>
            <i data-way="down" /> {said.down} <i data-way="up" /> {said.up}
          </span>
        </div>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none">
          {bars.map((bar) => (
            <TrafficBar key={bar.at} bar={bar} />
          ))}
        </svg>
        <div className="traffic-scale second">
          <span>{said.secondsAgo}</span>
          <span>{said.now}</span>
        </div>
      </div>
    </Card>
  )
}

function TrafficBar({ bar: { at, up, down } }: { readonly bar: Bar }): ReactNode {
  const x = at * barWidth + gap / 2
  const width = barWidth - gap
  return (
    <>
      <rect data-way="down" {...{ x, width }} y={height * (1 - down)} height={height * down} />
      <rect data-way="up" {...{ x, width }} y={height * (1 - down - up)} height={height * up} />
    </>
  )
}
