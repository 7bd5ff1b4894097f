import { Button, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import { words } from '../words.ts'

const ways = [
  { path: '/new', label: words.new.add },
  { path: '/load', label: words.new.load },
  { path: '/import', label: words.new.import },
]

/** The ways to another connection. */
export function NewMenu(): ReactNode {
  const [, navigate] = useLocation()
  return (
    <Menu
      position="bottom-end"
      transitionProps={{ duration: 0 }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <Button size="compact-md">
          {words.new.menu} <span aria-hidden>&nbsp;▾</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ways.map(({ path, label }) => (
          <Menu.Item key={path} onClick={() => navigate(path)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
