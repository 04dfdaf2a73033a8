// Most is deployed: no condition is false, no list is empty.
using '../../../infra/main.bicep'

param environmentName = 'everything'
param zoneRedundantApp = true
param zoneRedundantData = true
param privateNetwork = true
param serviceBusSku = 'Premium'
param cosmosMaxThroughput = 4000
param apiClientId = '00000000-0000-0000-0000-00000000c11e'
param signIn = true
param vaultSettings = 'TELEGRAM_SECRET, APP_SECRET'
param recoverKeyVault = true
param operatorPrincipalId = '00000000-0000-0000-0000-00000000090e'
param senderPrincipalIds = '00000000-0000-0000-0000-0000000005e1,00000000-0000-0000-0000-0000000005e2'
param alertEmails = 'one@example.org,two@example.org'
