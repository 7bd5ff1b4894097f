import { Group, Text, Title } from '@mantine/core'
import { createContext, useContext, useEffect, useRef, type ReactNode } from 'react'

/** Whether somebody has come here from another view: a page that was just loaded is read from its top. */
export const HasNavigatedContext = createContext(false)

export interface PageHeadProps {
  readonly title: string
  /** What this page is for, in a sentence, for somebody who sees it for the first time. */
  readonly lead?: ReactNode
  /** Buttons for the page as a whole. */
  readonly actions?: ReactNode
}

/** The head of a view. Whoever comes to it hears its title first, and the tab shows it. */
export function PageHead({ title, lead, actions }: PageHeadProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null)
  const hasNavigated = useContext(HasNavigatedContext)
  useEffect(() => {
    document.title = `${title} · Postern`
  }, [title])
  useEffect(() => {
    if (hasNavigated) heading.current?.focus()
    // Once: a title that changes later takes the keyboard from nobody.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [])
  return (
    <Group justify="space-between" align="flex-start" gap="sm" mb="md" className="page-head">
      <div className="page-head-text">
        <Title order={1} ref={heading} tabIndex={-1}>
          {title}
        </Title>
        {lead !== undefined && (
          <Text c="dimmed" component="div">
            {lead}
          </Text>
        )}
      </div>
      {actions !== undefined && <Group gap="sm">{actions}</Group>}
    </Group>
  )
}
