import { Paper, Title } from '@mantine/core'
import { useId, type ReactNode } from 'react'

export interface CardProps {
  readonly title: string
  /** Beside the title. */
  readonly aside?: ReactNode
  readonly className?: string
  readonly children: ReactNode
}

/** A part of a page with a title of its own. */
export function Card({ title, aside, className = '', children }: CardProps): ReactNode {
  const id = useId()
  return (
    <Paper className={`card ${className}`} p="md" component="section" aria-labelledby={id}>
      <div className="card-head">
        <Title order={2} id={id}>
          {title}
        </Title>
        {aside}
      </div>
      {children}
    </Paper>
  )
}
