export * from '../generated/hooks.ts'
export * from './react-hooks.ts'
