import { Button, Group, Paper, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { PageHead } from '../../ui/page-head.tsx'
import { Empty } from '../../ui/states.tsx'
import { draftKeyOf, keyAgain, pathOf, type DocumentKind } from './document-kind.ts'
import { isDrafted, keepDraft, renewDraft } from './kept-drafts.ts'
import { PageLink } from './page-link.tsx'

export interface GoneProps {
  readonly kind: DocumentKind
  readonly id: string
}

/** One that is not there, or not any more: its history may be, and leads back. */
export function Gone({ kind, id }: GoneProps): ReactNode {
  return (
    <>
      <PageHead title={id} lead={<PageLink to={kind.path}>All {kind.many}</PageLink>} />
      <GoneDraft kind={kind} id={id} />
      <Empty title={`There is no ${kind.one} of this name.`}>
        It may have been deleted.{' '}
        <PageLink to={`${pathOf(kind, id)}/history`}>Its history</PageLink> has every form that it
        had, and the way back to it.
      </Empty>
    </>
  )
}

/** What somebody had changed of it and not saved is not gone with it. */
function GoneDraft({ kind, id }: GoneProps): ReactNode {
  const key = draftKeyOf(kind, id)
  const [isThere, setThere] = useState(() => isDrafted(key))
  const [, navigate] = useLocation()
  if (!isThere) return null
  const addAgain = (): void => {
    renewDraft(key, draftKeyOf(kind, keyAgain(id)))
    navigate(`/new-${kind.one}?again=${encodeURIComponent(id)}`)
  }
  const discard = (): void => {
    keepDraft(key, undefined)
    setThere(false)
  }
  return (
    <Paper className="card notice" p="md" mb="md" role="alert">
      <Text fw={600}>Somebody has deleted this {kind.one} meanwhile.</Text>
      <Text mb="sm">What you had changed of it and not saved is still here.</Text>
      <Group gap="sm">
        <Button onClick={addAgain}>Add it again with that …</Button>
        <Button variant="default" onClick={discard}>
          Discard it
        </Button>
      </Group>
    </Paper>
  )
}
