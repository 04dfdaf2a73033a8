// Defaults only.
using '../../../infra/main.bicep'

param environmentName = 'smallest'
