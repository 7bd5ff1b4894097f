import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import './documents.css'
import { describeProblem, type DocumentProblem } from './problems.ts'

export interface ProblemListProps {
  readonly title: string
  readonly problems: readonly DocumentProblem[]
}

/** What is wrong, each with its place. */
export function ProblemList({ title, problems }: ProblemListProps): ReactNode {
  if (problems.length === 0) return null
  return (
    <Paper className="card notice" p="sm" role="status">
      <Text fw={600}>{title}</Text>
      <ul className="problem-list">
        {problems.map((problem, index) => (
          <li key={index}>
            {problem.path !== '' && <code>{problem.path}</code>} {describeProblem(problem)}
          </li>
        ))}
      </ul>
    </Paper>
  )
}
