import { AreaChart, BarChart } from '@mantine/charts'
import '@mantine/charts/styles.css'
import { Paper, Title } from '@mantine/core'
import { useId, useState, type ReactNode } from 'react'
import type { SamplePointView, SampleStep } from '../../../console/wire/samples.ts'
import { formatDate } from '../../ui/date-format.ts'
import { formatBytes, formatCount } from '../../ui/format.ts'
import { highestOf, marksOf, toRows, totalOf, type Figure } from './figures.ts'

export interface ChartProps {
  readonly figure: Figure
  readonly points: readonly SamplePointView[]
  readonly step: SampleStep
}

/** A picture, what it comes to in words, and its figures as a table for whoever wants them or cannot see it. */
export default function Chart({ figure, points, step }: ChartProps): ReactNode {
  const { title, kind, unit, series } = figure
  const format = unit === 'bytes' ? formatBytes : formatCount
  const Picture = kind === 'area' ? AreaChart : BarChart
  const marks = marksOf(highestOf(figure, points), unit)
  const id = useId()
  return (
    <Paper className="card" p="md" component="section" aria-labelledby={id}>
      <Title order={2} id={id}>
        {title}
      </Title>
      <ul className="chart-legend">
        {series.map((one) => (
          <li key={one.name} data-color={one.color}>
            {one.label} <strong>{format(totalOf(figure, one, points))}</strong>
          </li>
        ))}
      </ul>
      <div aria-hidden className="chart">
        <Picture
          h={180}
          data={[...toRows(figure, points)]}
          dataKey="at"
          series={series.map(({ name, label, color }) => ({ name, label, color }))}
          type={kind === 'area' ? 'default' : 'stacked'}
          {...(kind === 'area' && { curveType: 'stepAfter', connectNulls: false, withDots: false })}
          valueFormatter={format}
          xAxisProps={{ tickFormatter: (at: string) => formatTick(at, step), minTickGap: 32 }}
          yAxisProps={{
            ticks: [...marks],
            domain: [0, marks.at(-1) ?? 1],
            width: unit === 'bytes' ? 72 : 44,
          }}
          tooltipProps={{
            labelFormatter: (at) => (typeof at === 'string' ? formatStep(at, step) : ''),
          }}
          tooltipAnimationDuration={0}
          areaProps={{ isAnimationActive: false }}
          barProps={{ isAnimationActive: false }}
          // Without it nothing of it takes the keyboard: the figures are below.
          areaChartProps={{ accessibilityLayer: false }}
          barChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <Figures figure={figure} points={points} step={step} format={format} />
    </Paper>
  )
}

interface FiguresProps extends ChartProps {
  readonly format: (value: number) => string
}

/** They are thousands, and made when somebody asks for them. */
function Figures({ figure: { title, series }, points, step, format }: FiguresProps): ReactNode {
  const [isOpen, setOpen] = useState(false)
  return (
    <details className="chart-figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The figures</summary>
      {isOpen && (
        <div tabIndex={0} role="region" aria-label={`${title}, figures`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map(({ name, label }) => (
                  <th key={name} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={point.at}>
                  <th scope="row">{formatStep(point.at, step)}</th>
                  {series.map(({ name, of }) => (
                    <td key={name}>{point.measured ? format(of(point)) : 'not measured'}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}

/** Under the axis: the time, or the day where a step is longer than that. */
function formatTick(at: string, step: SampleStep): string {
  return formatDate(step === '1m' || step === '5m' ? 'shortTime' : 'dayAlone', new Date(at))
}

function formatStep(at: string, step: SampleStep): string {
  return formatDate(step === '1d' ? 'weekday' : 'weekdayAndTime', new Date(at))
}
