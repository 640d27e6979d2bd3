/**
 * The environment without the developer's own cocktail or database (COCKTAIL_TEST_* and COCKTAIL_KUBECONFIG are how a suite is given one on purpose),
 * and, when a git hook runs the tests, without the repository that the hook is about.
 */
export function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !ownName.test(name));
  return Object.fromEntries(kept);
}

const ownName =
  /^(COCKTAIL_(?!TEST_|KUBECONFIG)|GIT_(?!SSH|CONFIG)|DATABASE_URL$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/;
