"""What all endpoints of the admin API share: who may call them, changes with their audit entry, ETags, pages, problem details."""
